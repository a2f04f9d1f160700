import { type Disposable, Emitter } from "../lib/emitter.ts";
import type { DiskStatus } from "../protocol/disk-status.ts";
import { FailureError, failureOf } from "../protocol/failure.ts";
import type { BalloonStatus, MachineInspection, MachineRequestName, MachineRequests } from "../protocol/inspection.ts";
import {
  type CaptureDescription,
  type ControlAction,
  type MachineState,
  type StopReason,
} from "../protocol/messages.ts";
import { ConsoleWatch } from "./console-watch.ts";
import { diskToAttach } from "./disk-to-attach.ts";
import { engineOf } from "./engine.ts";
import type { HeadStart } from "./head-start.ts";
import { MachineFiles } from "./machine-files.ts";
import type { MachinePort } from "./machine-port.ts";
import { MachinePorts } from "./machine-ports.ts";
import { disposedError, notStartedError, openMessage, PendingStart } from "./pending-start.ts";
import { composeReport } from "./report.ts";
import { SerialPort } from "./serial-port.ts";
import type { AttachDiskOptions, MachineStats, VirtualMachineEvents, VirtualMachineOptions } from "./types.ts";
import { Typist } from "./typist.ts";
import { type MachineEvent, WorkerLink } from "./worker-link.ts";

/** A console of the size that every guest takes for granted. */
const DEFAULT_COLUMNS = 80;
const DEFAULT_ROWS = 24;

/** The id of a control whose answer nobody waits for. */
const UNASKED = 0;

/** Before a metric message came. */
const NO_STATS: MachineStats = {
  instructions: 0,
  mips: 0,
  cpuShare: 0,
  guestErrors: 0,
  compiler: null,
  memoryBytes: 0,
  cpuCount: 0,
  promptMs: null,
};

/**
 * An ARM computer in the page. It runs in a worker of its own; any number of them work side by side.
 *
 * ```ts
 * const vm = new VirtualMachine({ args: '-M virt -m 256 -kernel Image -append "console=ttyAMA0"' });
 * vm.serial.onData((bytes) => terminal.write(bytes));
 * await vm.start();
 * vm.serial.write("uname -a\r");
 * ```
 */
export class VirtualMachine {
  /** The guest's console. */
  readonly serial: SerialPort;
  readonly #options: VirtualMachineOptions;
  readonly #emitter = new Emitter<VirtualMachineEvents>();
  readonly #watch: ConsoleWatch;
  readonly #typist: Typist;
  #state: MachineState = "stopped";
  #stats = NO_STATS;
  #link: WorkerLink | null = null;
  #starting: PendingStart | null = null;
  #crashReport: string | null = null;
  #columns: number;
  #rows: number;
  #startedMs = 0;
  #disposed = false;
  #disks: readonly DiskStatus[] = [];
  #captures: readonly CaptureDescription[] = [];
  readonly #ports = new MachinePorts((message) => this.#link?.post(message));
  /** Files that were attached, for their names. */
  #attached = 0;
  /** The browser may end a page that is not seen without a word. */
  readonly #onHidden = (): void => {
    if (document.visibilityState === "hidden") this.#link?.post({ kind: "control", id: UNASKED, action: "flush" });
  };

  /** Makes a machine that is off. Nothing is loaded before `start`. */
  constructor(options: VirtualMachineOptions) {
    this.#options = options;
    this.#columns = options.columns ?? DEFAULT_COLUMNS;
    this.#rows = options.rows ?? DEFAULT_ROWS;
    this.serial = new SerialPort({
      send: (bytes) => {
        this.#typist.sent(bytes);
        this.#link?.post({ kind: "serial-input", bytes });
      },
      acknowledge: (byteCount) => this.#link?.post({ kind: "serial-ack", byteCount }),
    });
    this.#typist = new Typist((text) => this.serial.write(text));
    this.#watch = new ConsoleWatch({
      onPrompt: () => this.#onPrompt(),
      onPanic: (panic) => this.#emitter.emit("panic", panic),
    });
    document.addEventListener("visibilitychange", this.#onHidden);
  }

  /**
   * Types `texts` for the user: each at a prompt of the guest, the next one at the next prompt. `"\n"` is Enter. At once where
   * the guest shows a prompt already.
   */
  type(texts: readonly string[]): void {
    this.#typist.add(texts);
  }

  /** The command line the machine was made from. */
  get args(): string {
    return this.#options.args;
  }

  /**
   * `stopped` before the start, after a power-off and after a start that failed; `loading` from `start` until the
   * guest runs; then `running` or `idle` (waiting for an interrupt), `paused`; `crashed` after a fault of the engine.
   */
  get state(): MachineState {
    return this.#state;
  }

  get stats(): MachineStats {
    return this.#stats;
  }

  /** The machine's drives, in the order of the command line; empty before the machine was built. */
  get disks(): readonly DiskStatus[] {
    return this.#disks;
  }

  /**
   * The guest wrote something to a kept disk that is not durable yet: what to ask the user about in `beforeunload`.
   * `flush` makes it false, and so does a moment's rest.
   */
  get hasUnsavedWrites(): boolean {
    return this.#disks.some(({ dirtyBytes }) => dirtyBytes > 0);
  }

  /** Calls `listener` on every event of that name until the result is disposed. */
  on<Name extends keyof VirtualMachineEvents>(
    name: Name,
    listener: (event: VirtualMachineEvents[Name]) => void,
  ): Disposable {
    return this.#emitter.on(name, listener);
  }

  /**
   * Loads everything and runs the guest. Resolves when the guest runs; rejects with a FailureError that says what
   * happened and what to do. After a failure it can be called again. `headStart` is what was begun of it before; it is
   * this machine's from now on.
   */
  start(headStart: HeadStart | null = null): Promise<void> {
    const started = this.#start(headStart);
    // What was not wanted of it.
    headStart?.dispose();
    return started;
  }

  #start(headStart: HeadStart | null): Promise<void> {
    if (this.#disposed) return Promise.reject(disposedError());
    if (this.#starting !== null) return this.#starting.promise;
    if (this.#link !== null) return this.#state === "stopped" ? this.reset() : Promise.resolve();
    const starting = new PendingStart();
    this.#starting = starting;
    this.#startedMs = performance.now();
    this.#setState("loading", null);
    try {
      this.#link = new WorkerLink(
        (message) => this.#onMessage(message),
        (error) => this.#onBroken(error),
        headStart?.takeWorker() ?? undefined,
      );
      this.#link.post(openMessage(this.#options, { columns: this.#columns, rows: this.#rows }));
      void this.#sendEngine(this.#link, headStart);
    } catch (error) {
      this.#fail(new FailureError(failureOf(error, "internal"), { cause: error }));
    }
    return starting.promise;
  }

  /** Gives a start that is still loading up: it rejects with the code `cancelled`. */
  cancel(): void {
    if (this.#starting !== null) this.#link?.post({ kind: "cancel" });
  }

  /** Stops the guest where it is; its clock stands still. */
  async pause(): Promise<void> {
    await this.#control("pause");
  }

  /** Goes on after `pause`. */
  async resume(): Promise<void> {
    await this.#control("resume");
  }

  /** The reset button: the guest starts over, disks keep what was written. Also after a power-off or a crash. */
  async reset(): Promise<void> {
    this.#startedMs = performance.now();
    this.#stats = { ...this.#stats, promptMs: null };
    this.#watch.restart();
    this.#typist.restart();
    this.#crashReport = null;
    if (this.#link === null) await this.start();
    else if (this.#state === "crashed") await this.#rebuild(this.#link);
    else await this.#control("reset");
  }

  /**
   * The power button: asks the guest to shut down. A guest that does nothing about it for three seconds is turned
   * off; with `force` that happens at once. Resolves when the machine is off.
   */
  async powerOff(options: { readonly force?: boolean } = {}): Promise<void> {
    if (this.#link === null || this.#state === "stopped") return;
    const off = new Promise<void>((resolve) => {
      const listener = this.on("state", ({ state }) => {
        if (state !== "stopped" && state !== "crashed") return;
        listener.dispose();
        resolve();
      });
    });
    await this.#control(options.force === true ? "force-off" : "power-off");
    await off;
  }

  /**
   * Makes durable what the guest wrote to its disks and they have taken. What the guest still holds in its own memory is
   * written by `sync` in the guest, or by a power-off. Rejects with a FailureError where a disk cannot.
   */
  async flush(): Promise<void> {
    if (this.#link !== null && this.#starting === null) await this.#control("flush");
  }

  /**
   * Pulls the cable of a network card out or plugs it in, as QEMU's `set_link`: the guest sees the link go down and come up.
   * `name` is the id of the network (`-netdev`) or of the card. Rejects with a FailureError where there is none.
   */
  async setLink(name: string, up: boolean): Promise<void> {
    await this.#request("set-link", { cable: name, up });
  }

  /**
   * Plugs a disk or CD drive into the machine's SCSI host (`-device virtio-scsi-device`) while it runs: the guest finds it
   * without looking. Resolves with the id of the drive. Rejects with a FailureError, as for a machine without such a host.
   */
  async attachDisk(options: AttachDiskOptions): Promise<string> {
    const disk = diskToAttach(options, this.#attached++);
    return await this.#request("attach-disk", { disk });
  }

  /**
   * Takes out a disk of the SCSI host, whether or not the guest uses it: what it still asks of it fails. Resolves when what
   * was written is durable.
   */
  async detachDisk(drive: string): Promise<void> {
    await this.#request("detach-disk", { drive });
  }

  /**
   * Opens the tray of a CD drive. False where the guest holds it closed, as one does with a disc that is mounted; the guest
   * is told that somebody wants the disc. With `force` it opens all the same.
   */
  async ejectDisk(drive: string, options: { readonly force?: boolean } = {}): Promise<boolean> {
    return await this.#request("eject-disk", { drive, force: options.force ?? false });
  }

  /** The captures of packets that the command line asks for (`-object filter-dump`); empty before the start. */
  get captures(): readonly CaptureDescription[] {
    return this.#captures;
  }

  /**
   * What the capture with that id has until now, in the format of libpcap, which tcpdump and Wireshark read. Also of a machine
   * that is paused or off, until it is disposed of. Rejects with a FailureError where there is none.
   */
  async capture(id: string): Promise<Blob> {
    return await this.#request("capture", { capture: id });
  }

  /** The files that the machine shares with the guest under that id (`-fsdev local,id=…`); also of a machine that is off. */
  files(id: string): MachineFiles {
    return new MachineFiles(id, (tree, action) => this.#request("files", { tree, action }));
  }

  /** The size of the guest's console in characters; passed on to a virtio console, which tells the guest. */
  resize(columns: number, rows: number): void {
    this.#columns = columns;
    this.#rows = rows;
    this.#link?.post({ kind: "resize", columns, rows });
  }

  /**
   * Every virtio device as it stands: status, features, configuration, rings, chains in flight, counters, errors. Also of
   * a machine that is paused or off. It costs the guest nothing but the moment it takes; a few times a second are fine.
   */
  inspect(): Promise<MachineInspection> {
    return this.#request("inspect", {});
  }

  /**
   * A console or serial port, by the name that the guest sees (`-device virtserialport,name=…`) or the id of its character
   * device: a `-chardev socket`, `pipe` or `file`, which in a page all end here. From the first call on the guest sees the
   * port as connected. Throws a FailureError where there is none, and before the start.
   */
  port(name: string): MachinePort {
    return this.#ports.get(name);
  }

  /**
   * The memory balloon; null for a machine without one. Each call also asks the guest for new statistics, which a
   * later call returns.
   */
  balloon(): Promise<BalloonStatus | null> {
    return this.#request("balloon", { memoryBytes: null });
  }

  /**
   * Asks the guest to make do with so many bytes of memory, at most what the machine has; the rest goes into the balloon. A
   * guest takes its time over it, or does not do it at all: `balloon` tells. As QEMU's monitor command `balloon`, but in
   * bytes. Rejects for a machine without a balloon.
   */
  async setBalloon(memoryBytes: number): Promise<BalloonStatus> {
    if (!(memoryBytes >= 0)) throw new RangeError(`a guest cannot have ${memoryBytes} bytes of memory`);
    const status = await this.#request("balloon", { memoryBytes });
    if (status === null) throw noBalloonError();
    return status;
  }

  /** Everything worth knowing to find a fault, as text to copy: command line, registers, end of the console. */
  async report(): Promise<string> {
    let machine = this.#crashReport;
    if (machine === null && this.#link !== null && this.#starting === null) {
      try {
        machine = await this.#control("report");
      } catch (error) {
        machine = `(${error instanceof Error ? error.message : String(error)})`;
      }
    }
    return composeReport(this, machine);
  }

  /** Ends the machine and lets go of its worker and memory, which end when what was written is durable. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    document.removeEventListener("visibilitychange", this.#onHidden);
    this.#starting?.reject(disposedError());
    this.#starting = null;
    this.#typist.dispose();
    this.#drop(disposedError());
    this.#setState("stopped", null);
    this.#emitter.clear();
  }

  async #sendEngine(link: WorkerLink, headStart: HeadStart | null): Promise<void> {
    try {
      link.post({ kind: "engine", module: await engineOf(this.#options.engine ?? headStart?.engine) });
    } catch (error) {
      // Another start may have taken this one's place meanwhile.
      if (link === this.#link) this.#fail(new FailureError(failureOf(error, "internal"), { cause: error }));
    }
  }

  /** The worker is well and keeps the disks; the machine in it is built anew. */
  async #rebuild(link: WorkerLink): Promise<void> {
    const starting = new PendingStart();
    this.#starting = starting;
    this.#setState("loading", null);
    // A failure to rebuild reaches whoever waits below.
    await Promise.all([link.control("reset"), starting.promise]);
  }

  async #control(action: ControlAction): Promise<string> {
    return await this.#running().control(action);
  }

  /** The worker of a machine that was started. Throws a FailureError where there is none. */
  #running(): WorkerLink {
    if (this.#disposed) throw disposedError();
    if (this.#link === null || this.#starting !== null) throw notStartedError();
    return this.#link;
  }

  async #request<Name extends MachineRequestName>(
    name: Name,
    params: MachineRequests[Name]["params"],
  ): Promise<MachineRequests[Name]["result"]> {
    return await this.#running().request(name, params);
  }

  #onMessage(message: MachineEvent): void {
    switch (message.kind) {
      case "progress":
        this.#emitter.emit("progress", message);
        break;
      case "described":
        this.#typist.begin([...message.typed, ...(this.#options.type ?? [])]);
        this.#captures = message.captures;
        this.#ports.describe(message.ports);
        this.#stats = { ...this.#stats, memoryBytes: message.memoryBytes, cpuCount: message.cpuCount };
        this.#emitter.emit("stats", this.#stats);
        break;
      case "state":
        this.#starting?.resolve();
        this.#starting = null;
        this.#setState(message.state, message.stopReason);
        break;
      case "serial-output":
        this.#onOutput(this.serial.deliver(message.bytes));
        break;
      case "port-output":
      case "port-taken":
      case "port-guest":
        this.#ports.onMessage(message);
        break;
      case "metrics": {
        const { instructions, mips, cpuShare, guestErrors, compiler } = message;
        this.#stats = { ...this.#stats, instructions, mips, cpuShare, guestErrors, compiler };
        this.#emitter.emit("stats", this.#stats);
        break;
      }
      case "disks":
        this.#disks = message.disks;
        this.#emitter.emit("disks", message.disks);
        break;
      case "disk-trouble":
        this.#emitter.emit("disk-trouble", message);
        break;
      case "log":
        this.#emitter.emit("log", message);
        break;
      case "failed":
        this.#fail(new FailureError(message.failure));
        break;
      case "crashed":
        this.#crashReport = message.report;
        this.#setState("crashed", null);
        this.#emitter.emit("crash", message);
        break;
    }
  }

  #onOutput(text: string): void {
    // The prompt is told before anything is typed at it.
    this.#watch.push(text);
    this.#typist.push(text);
  }

  #onPrompt(): void {
    const elapsedMs = performance.now() - this.#startedMs;
    this.#stats = { ...this.#stats, promptMs: elapsedMs };
    this.#emitter.emit("prompt", { elapsedMs });
    this.#emitter.emit("stats", this.#stats);
  }

  #fail(error: FailureError): void {
    this.#drop(error);
    const starting = this.#starting;
    this.#starting = null;
    this.#setState("stopped", null);
    this.#emitter.emit("failure", error);
    starting?.reject(error);
  }

  /** The worker itself is gone: while loading a failure to start, later a crash. */
  #onBroken(error: FailureError): void {
    if (this.#starting !== null) {
      this.#fail(error);
      return;
    }
    this.#drop(error);
    this.#crashReport = error.message;
    this.#setState("crashed", null);
    this.#emitter.emit("crash", { message: error.message, report: error.message });
  }

  #drop(error: FailureError): void {
    this.#link?.dispose(error);
    this.#link = null;
    this.#ports.end(error);
    this.#disks = [];
  }

  #setState(state: MachineState, stopReason: StopReason | null): void {
    const previous = this.#state;
    if (state === previous) return;
    this.#state = state;
    if (state === "paused" || state === "stopped" || state === "crashed") {
      this.#stats = { ...this.#stats, mips: 0, cpuShare: 0 };
    }
    this.#emitter.emit("state", { state, previous, stopReason });
  }
}

function noBalloonError(): FailureError {
  return new FailureError({
    code: "unsupported",
    message: "This machine has no memory balloon.",
    advice: "Add -device virtio-balloon-device to its command line.",
    url: null,
  });
}
