/**
 * The composition root: a machine built from its description. It owns the engine, the board's devices and the virtio
 * transports, and gives its host slices to run.
 */
import { inspectDevice } from "../../virtio/inspect.ts";
import type { VirtioDevice } from "../../virtio/device.ts";
import { type ErrorRecord, ErrorTally } from "../../virtio/error-tally.ts";
import type { CreatedDevice, DeviceContext } from "../../virtio/registry.ts";
import type { GuestCounters } from "../protocol/guest-counters.ts";
import type { BalloonStatus, MachineInspection } from "../protocol/inspection.ts";
import type { MachineConfig } from "../config/machine-config.ts";
import type { Networks } from "../net/networks.ts";
import type { IrqLine } from "../platform/host.ts";
import { balloonStatus, findBalloon, setBalloonMemory } from "./balloon.ts";
import { Board } from "./board.ts";
import { loadBootPlan } from "./boot.ts";
import { MachineConsole } from "./console.ts";
import { type Engine, EVENT_SYSTEM_OFF, MAX_RAM_BYTES, MemoryError, RUN_OFF, RUN_WFI, startEngine } from "./engine.ts";
import { guestErrorPlace } from "./guest-error.ts";
import { HotDisks } from "./hot-disks.ts";
import { spiToIntid } from "./irq-map.ts";
import { MEMORY_MAP } from "./memory-map.ts";
import { Pacing, TICKS_PER_MS } from "./pacing.ts";
import { machineReport } from "./report.ts";
import type { MachineServices } from "./services.ts";
import { SystemBus } from "./system-bus.ts";
import { openBackends, openDisks, openNetworks } from "./backends.ts";
import { VirtioTransports } from "./virtio-transports.ts";
import { type BootPlan, writeBootPlan } from "../loader/boot-plan.ts";

/** What one slice came to. */
export interface SliceResult {
  readonly state: "running" | "idle" | "stopped";
  /** Milliseconds until the guest's next timer, null where it has none; meaningful in state `idle`. */
  readonly wakeInMs: number | null;
  readonly stopReason?: "power-off" | "reset";
}

/** One computer: made by `create`, run slice by slice by a scheduler until it stops, ended by `dispose`. */
export class Machine {
  readonly config: MachineConfig;
  /** The terminal: PL011 and virtio consoles. */
  readonly serial: {
    onOutput: (bytes: Uint8Array) => void;
    receive(bytes: Uint8Array): number;
  };
  /** Every virtio device, in the order of the command line; then those that were put in later. */
  readonly devices: readonly CreatedDevice[];
  /** The drives; disks can be put in and taken out while the machine runs. */
  readonly disks: HotDisks;
  readonly #engine: Engine;
  readonly #services: MachineServices;
  readonly #board: Board;
  readonly #console: MachineConsole;
  readonly #transports: VirtioTransports;
  readonly #networks: Networks;
  readonly #pacing = new Pacing();
  readonly #plan: BootPlan;
  readonly #log: CountingLog;
  readonly #event: PendingEvent;

  private constructor(parts: MachineParts) {
    this.config = parts.config;
    this.#engine = parts.engine;
    this.#services = parts.services;
    this.#board = parts.board;
    this.#console = parts.console;
    this.#transports = parts.transports;
    this.#networks = parts.networks;
    this.#plan = parts.plan;
    this.#log = parts.log;
    this.#event = parts.event;
    this.devices = parts.devices;
    this.disks = parts.disks;
    const terminal = parts.console;
    this.serial = {
      get onOutput() {
        return terminal.onOutput;
      },
      set onOutput(listener) {
        terminal.onOutput = listener;
      },
      receive: (bytes) => terminal.receive(bytes) ?? parts.board.uart.receive(bytes),
    };
    this.#start();
  }

  /** Builds the machine and loads what it boots. Rejects with an error whose message is a sentence for the user. */
  static async create(config: MachineConfig, services: MachineServices, signal?: AbortSignal): Promise<Machine> {
    if (config.ramSizeBytes > MAX_RAM_BYTES) {
      throw new MemoryError(
        `A machine here has at most ${Math.floor(MAX_RAM_BYTES / 2 ** 20)} MiB of memory: give it less with -m.`,
      );
    }
    const networks = await openNetworks(config, services);
    try {
      return await Machine.#build(config, services, networks, signal);
    } catch (error) {
      networks.close();
      throw error;
    }
  }

  static async #build(
    config: MachineConfig,
    services: MachineServices,
    networks: Networks,
    signal: AbortSignal | undefined,
  ): Promise<Machine> {
    const log = new CountingLog(services.log);
    const event: PendingEvent = { kind: 0, inSlice: false };
    const bus = new SystemBus(log);
    const compiler = config.accelerator === "tcg";
    const engine = await startEngine(
      services.wasm,
      {
        ramSizeBytes: config.ramSizeBytes,
        compiler,
        lockstep: config.log.includes("lockstep"),
        list: config.log.includes("jit") ? (text) => services.log.info(text) : null,
      },
      {
        busRead: (address, size) => bus.read(address, size),
        busWrite: (address, size, value) => bus.write(address, size, value),
        systemEvent: (kind) => {
          event.kind = kind;
        },
        guestError: (code, value) => log.guestError(guestErrorPlace(code), `0x${value.toString(16)}`),
        counterTicks: () => Math.floor(services.clock.nowMs() * TICKS_PER_MS),
      },
    );
    signal?.throwIfAborted();
    const irq = (spi: number): IrqLine => ({
      set: (level) => {
        engine.exports.gic_set_level(spiToIntid(spi), level ? 1 : 0);
        if (level && !event.inSlice) services.wake();
      },
    });
    const terminal = new MachineConsole(config.serial === "stdio");
    const memory = { range: (gpa: number, sizeBytes: number) => ramRange(engine, gpa, sizeBytes) };
    const board = new Board({ bus, irq, console: terminal, clock: services.clock, log, config, memory });
    const transports = new VirtioTransports({
      bus,
      environment: { engine: { ...engine.exports, memory: engine.memory }, log, clock: services.clock },
      irq,
      message: takesMessages(config)
        ? (requesterId, low, high, data) => {
            if (engine.exports.gic_message(requesterId, low, high, data) === 0) return false;
            if (!event.inSlice) services.wake();
            return true;
          }
        : null,
      highmem: config.highmem,
    });
    const created: CreatedDevice[] = [];
    const backends = await openDisks(config, services);
    const context: DeviceContext = {
      ...(await openBackends(config, services, terminal, networks, backends)),
      clock: services.clock,
      timers: { after: (delayMs, callback) => services.after(delayMs, callback) },
      machineVersion: config.armletVersion,
      defaultTransport: "mmio",
      created,
      transport: (request) => transports.make(request),
    };
    const disks = new HotDisks(services, context, backends);
    for (const device of config.devices) disks.create(device);
    transports.placeMmioWindows();
    for (const { base, sizeBytes } of bus.windows) {
      const words = [base, sizeBytes].flatMap((value) => [value >>> 0, Math.floor(value / 2 ** 32)]);
      if (engine.exports.mem_add_device(...(words as [number, number, number, number])) === 0) {
        throw new Error("the engine has no room for another device range");
      }
    }
    const plan = await loadBootPlan(config, services, transports, signal);
    for (const warning of plan.warnings) services.log.info(warning);
    return new Machine({
      config,
      services,
      engine,
      board,
      console: terminal,
      transports,
      networks,
      plan,
      log,
      event,
      devices: created,
      disks,
    });
  }

  /** Runs guest code for about `maxMs`; returns at once when the guest idles. */
  runSlice(maxMs: number): SliceResult {
    this.#event.inSlice = true;
    try {
      return this.#run(maxMs);
    } finally {
      this.#event.inSlice = false;
      this.#console.flush();
    }
  }

  #run(maxMs: number): SliceResult {
    const { exports } = this.#engine;
    const { clock } = this.#services;
    const startedMs = clock.nowMs();
    let nowMs = startedMs;
    this.#board.poll();
    while (!this.#console.paused) {
      const before = exports.cpu_instructions(0);
      const reason = exports.cpu_run(0, this.#pacing.stretch, this.#pacing.scale);
      const afterMs = clock.nowMs();
      this.#pacing.measured(exports.cpu_instructions(0) - before, afterMs - nowMs);
      nowMs = afterMs;
      if (this.#event.kind !== 0) return this.#stopped();
      if (reason === RUN_OFF) return { state: "idle", wakeInMs: null };
      if (reason === RUN_WFI) return { state: "idle", wakeInMs: this.#wakeInMs(nowMs) };
      if (nowMs - startedMs >= maxMs) return { state: "running", wakeInMs: 0 };
    }
    return { state: "idle", wakeInMs: null };
  }

  #stopped(): SliceResult {
    const stopReason = this.#event.kind === EVENT_SYSTEM_OFF ? "power-off" : "reset";
    this.#event.kind = 0;
    return { state: "stopped", wakeInMs: null, stopReason };
  }

  /** When the guest has to run again, as far as it is known now. */
  #wakeInMs(nowMs: number): number | null {
    const ticks = this.#engine.exports.cpu_timer_ticks(0) >>> 0;
    const timerMs = ticks === 0xffff_ffff ? Number.POSITIVE_INFINITY : ticks / TICKS_PER_MS;
    const next = Math.min(timerMs, this.#board.deadlineMs() - nowMs);
    return next === Number.POSITIVE_INFINITY ? null : Math.max(0, next);
  }

  /** The terminal's size in characters. */
  resizeConsole(columns: number, rows: number): void {
    this.#console.resize(columns, rows);
  }

  /** While the terminal cannot take more output the guest stands still. */
  setOutputPaused(paused: boolean): void {
    this.#console.setPaused(paused);
  }

  /** Starts over: all devices reset, the boot files loaded again. Memory keeps the rest, as on a real board. */
  reset(): void {
    this.#transports.reset();
    this.#board.reset();
    this.#event.kind = 0;
    this.#start();
  }

  #start(): void {
    const { exports, ram } = this.#engine;
    exports.gic_init(this.config.gicVersion, this.config.cpuCount, this.config.its ? 1 : 0);
    for (let index = 0; index < this.config.cpuCount; index += 1) exports.cpu_reset(index, this.config.cpuCount);
    exports.mem_invalidate_code(ram.byteOffset, ram.length);
    writeBootPlan(this.#plan, ram, MEMORY_MAP.VIRT_MEM.base);
    const { entry, x0 } = this.#plan;
    exports.cpu_start(0, entry >>> 0, Math.floor(entry / 2 ** 32), x0 >>> 0, Math.floor(x0 / 2 ** 32));
  }

  /** Presses the power button: the guest's operating system shuts down if it listens. */
  pressPowerKey(): void {
    this.#board.pressPowerKey();
    this.#services.wake();
  }

  /** What the machine has done so far. */
  stats(): GuestCounters {
    return {
      instructions: this.#engine.exports.cpu_instructions(0),
      guestErrors: this.#log.guestErrors,
      compiler: this.#engine.compilerStats(),
    };
  }

  /** Every virtio device as it stands, and what the guest did wrong. Looking changes nothing. */
  inspect(): MachineInspection {
    const devices: MachineInspection["devices"][number][] = [];
    const seen = new Set<VirtioDevice>();
    for (const created of this.devices) {
      // A port is of the device that it is plugged into, which has come before.
      if (seen.has(created.device)) continue;
      seen.add(created.device);
      const inspection = inspectDevice(created, MEMORY_MAP.VIRT_MEM.base);
      const transportFacts = [...this.#transports.place(created.transport), ...inspection.transportFacts];
      devices.push({ ...inspection, transportFacts });
    }
    return { devices, errors: this.#log.records };
  }

  /**
   * The memory balloon, after asking the guest to make do with `memoryBytes` unless that is null; the guest is asked for
   * statistics too. null for a machine without a balloon.
   */
  balloon(memoryBytes: number | null): BalloonStatus | null {
    const balloon = findBalloon(this.devices);
    if (balloon === null) return null;
    const { ramSizeBytes } = this.config;
    if (memoryBytes !== null) setBalloonMemory(balloon, ramSizeBytes, memoryBytes);
    balloon.askForStats();
    return balloonStatus(balloon, ramSizeBytes);
  }

  /** Registers and the last messages, to be copied into a report. */
  report(): string {
    return machineReport(this.#engine.exports, this.config, this.#log.lines);
  }

  /**
   * Pulls a network card's cable out or plugs it in, as QEMU's `set_link`: `name` is the id of the network or of the card.
   * False where there is none of that name.
   */
  setLink(name: string, up: boolean): boolean {
    const card = this.config.devices.find(({ properties }) => properties.id === name);
    const cable = this.#networks.get(card?.properties.netdev ?? name);
    cable?.setPlugged(up);
    return cable !== null;
  }

  /** Ends the machine; disks are closed by whoever opened them. */
  dispose(): void {
    this.#transports.reset();
    this.#networks.close();
  }
}

/** Guest memory for a device's DMA; what the guest had decoded of it is forgotten, since the device may write. */
function ramRange(engine: Engine, gpa: number, sizeBytes: number): Uint8Array | undefined {
  const offset = gpa - MEMORY_MAP.VIRT_MEM.base;
  if (!(offset >= 0 && offset + sizeBytes <= engine.ram.length)) return undefined;
  engine.exports.mem_invalidate_code(engine.ram.byteOffset + offset, sizeBytes);
  return engine.ram.subarray(offset, offset + sizeBytes);
}

/** Whether the interrupt controller takes message-signalled interrupts: a GICv2m beside a GICv2, or the ITS of a GICv3. */
function takesMessages({ gicVersion, its }: MachineConfig): boolean {
  return gicVersion === 2 || its;
}

interface PendingEvent {
  /** Kind of the system_event that has not been answered yet, 0 for none. */
  kind: number;
  inSlice: boolean;
}

interface MachineParts {
  readonly config: MachineConfig;
  readonly services: MachineServices;
  readonly engine: Engine;
  readonly board: Board;
  readonly console: MachineConsole;
  readonly transports: VirtioTransports;
  readonly networks: Networks;
  readonly plan: BootPlan;
  readonly log: CountingLog;
  readonly event: PendingEvent;
  readonly devices: readonly CreatedDevice[];
  readonly disks: HotDisks;
}

/** Passes messages on, counting guest errors and showing each place once. */
class CountingLog {
  guestErrors = 0;
  /** The last messages, for reports. */
  readonly lines: string[] = [];
  readonly #out: MachineServices["log"];
  readonly #tally: ErrorTally;
  readonly #places = new Set<string>();

  constructor(out: MachineServices["log"]) {
    this.#out = out;
    this.#tally = new ErrorTally({
      guestError: (place, detail) => this.#passGuestError(place, detail),
      hostError: (place, detail) => this.#passHostError(place, detail),
    });
  }

  get records(): readonly ErrorRecord[] {
    return this.#tally.records;
  }

  guestError(place: string, detail: string): void {
    this.guestErrors += 1;
    this.#tally.guestError(place, detail);
  }

  hostError(place: string, detail: string): void {
    this.#tally.hostError(place, detail);
  }

  #passGuestError(place: string, detail: string): void {
    if (this.#places.has(place)) return;
    this.#places.add(place);
    this.#keep(`guest error: ${place}: ${detail}`);
    this.#out.guestError(place, detail);
  }

  #passHostError(place: string, detail: string): void {
    this.#keep(`host error: ${place}: ${detail}`);
    this.#out.hostError(place, detail);
  }

  #keep(line: string): void {
    if (this.lines.length === 100) this.lines.shift();
    this.lines.push(line);
  }
}
