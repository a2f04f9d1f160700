/** The console device with its ports (virtio 1.4, chapter "Console Device"); QEMU calls it virtio-serial. */
import type { VirtioBus } from "../../bus.ts";
import type { Chain } from "../../chain.ts";
import { VirtioDevice } from "../../device.ts";
import type { Timers } from "../../environment.ts";
import type { FeatureRow } from "../../features.ts";
import type { Fact } from "../../inspection.ts";
import type { ConfigWrite } from "../../layout.ts";
import * as C from "../../spec/console.ts";
import { VIRTIO_ID_CONSOLE } from "../../spec/ids.ts";
import type { QueueSpec, Virtqueue } from "../../virtqueue.ts";
import { type ConsoleConfig, type ConsoleOptions, consoleConfig, consoleFeatures } from "./config.ts";
import { ConsolePort, type PortHost, type PortSpec } from "./port.ts";
import { encodeControl, encodeResize, parseControl } from "./request.ts";
import { type ConsoleState, loadConsole, saveConsole } from "./state.ts";

/** Queue sizes as QEMU has them. */
const PORT_QUEUE_SIZE = 128;
const CONTROL_QUEUE_SIZE = 32;
/** Control messages that wait for the driver's buffers; enough for several for each port. */
const CONTROL_BACKLOG = 256;

function receiveIndex(nr: number): number {
  return nr === 0 ? C.CONSOLE_PORT0_RECEIVEQ : 2 * nr + 2;
}

/** The port that a queue belongs to; the control queues have none (-1). */
function portOfQueue(index: number): number {
  if (index < C.CONSOLE_CONTROL_RECEIVEQ) return 0;
  return index <= C.CONSOLE_CONTROL_TRANSMITQ ? -1 : (index >> 1) - 1;
}

export class VirtioConsole extends VirtioDevice implements PortHost {
  readonly id = VIRTIO_ID_CONSOLE;
  readonly name = "virtio-serial";
  readonly legacy = true;
  readonly features: readonly FeatureRow[];
  readonly config: ConsoleConfig;
  readonly queues: readonly QueueSpec[];
  readonly maxPorts: number;
  readonly timers: Timers;
  private readonly ports = new Map<number, ConsolePort>();
  private readonly control: Uint8Array[] = [];
  private driverReady = false;

  constructor(bus: VirtioBus, timers: Timers, options: ConsoleOptions) {
    super(bus);
    this.timers = timers;
    this.maxPorts = options.maxPorts;
    this.features = consoleFeatures(options);
    this.config = consoleConfig(options);
    const queues: QueueSpec[] = [];
    for (let index = 0; index < (options.maxPorts > 1 ? 2 * options.maxPorts + 2 : 2); ++index) {
      const isControl = portOfQueue(index) < 0;
      const name = `${isControl ? "control " : ""}${(index & 1) === 0 ? "receiveq" : "transmitq"}`;
      queues.push({ name, sizeMax: isControl ? CONTROL_QUEUE_SIZE : PORT_QUEUE_SIZE });
    }
    this.queues = queues;
  }

  // ---- Ports ----

  /** The port of that number, or null. */
  port(nr: number): ConsolePort | null {
    return this.ports.get(nr) ?? null;
  }

  /**
   * The lowest number that is free, or -1. Number 0 is kept for consoles: without MULTIPORT it is the only port, and
   * a driver makes it a console.
   */
  freePort(isConsole: boolean): number {
    for (let nr = isConsole ? 0 : 1; nr < this.maxPorts; ++nr) if (!this.ports.has(nr)) return nr;
    return -1;
  }

  /** Adds a port, also while the driver runs. Throws when the number is taken or out of range. */
  addPort(spec: PortSpec): ConsolePort {
    if (spec.nr < 0 || spec.nr >= this.maxPorts)
      throw new Error(`port ${spec.nr}: the device has ports 0 to ${this.maxPorts - 1}`);
    if (this.ports.has(spec.nr)) throw new Error(`port ${spec.nr} is in use`);
    const port = new ConsolePort(this, spec);
    this.ports.set(spec.nr, port);
    if (this.driverReady)
      this.sendControl(encodeControl({ id: port.nr, event: C.VIRTIO_CONSOLE_DEVICE_ADD, value: 1 }));
    return port;
  }

  get multiport(): boolean {
    return this.bus.has(C.VIRTIO_CONSOLE_F_MULTIPORT);
  }

  receiveQueue(port: ConsolePort): Virtqueue | null {
    return this.bus.queue(receiveIndex(port.nr));
  }

  transmitQueue(port: ConsolePort): Virtqueue | null {
    return this.bus.queue(receiveIndex(port.nr) + 1);
  }

  hostOpenChanged(port: ConsolePort): void {
    const value = port.hostOpen ? 1 : 0;
    if (this.driverReady) this.sendControl(encodeControl({ id: port.nr, event: C.VIRTIO_CONSOLE_PORT_OPEN, value }));
  }

  sizeChanged(port: ConsolePort): void {
    if (port.nr === 0) {
      this.config.set("cols", port.columns);
      this.config.set("rows", port.rows);
      this.bus.configChanged();
    }
    if (this.driverReady) this.sendSize(port);
  }

  private sendSize(port: ConsolePort): void {
    if (!port.isConsole || port.columns === 0 || !this.bus.has(C.VIRTIO_CONSOLE_F_SIZE)) return;
    this.sendControl(encodeResize(port.nr, port.columns, port.rows));
  }

  // ---- Queues ----

  onQueue(queue: Virtqueue): void {
    const nr = portOfQueue(queue.index);
    const isReceive = (queue.index & 1) === 0;
    if (nr < 0) {
      if (isReceive) this.flushControl(queue);
      else queue.drain((chain) => this.takeControl(queue, chain));
      return;
    }
    const port = this.port(nr);
    if (port !== null) {
      if (isReceive) port.receive();
      else port.transmit();
    } else if (!isReceive) {
      // Nobody listens: the guest gets its buffers back.
      queue.drain((chain) => queue.push(chain, 0));
    }
  }

  override onQueueStopped(queue: Virtqueue): void {
    const nr = portOfQueue(queue.index);
    if (nr >= 0 && (queue.index & 1) === 1) this.port(nr)?.stopSending();
  }

  /** Linux spins until its control message is taken. */
  private takeControl(queue: Virtqueue, chain: Chain): boolean {
    const message = parseControl(chain);
    queue.push(chain, 0);
    if (message === null) {
      this.bus.log.guestError("virtio-serial: control message too short", `${chain.readableBytes} bytes`);
    } else this.handleControl(message.id, message.event, message.value);
    return true;
  }

  private handleControl(id: number, event: number, value: number): void {
    const port = this.port(id);
    if (event === C.VIRTIO_CONSOLE_DEVICE_READY && value === 1) {
      this.driverReady = true;
      for (const nr of this.ports.keys()) {
        this.sendControl(encodeControl({ id: nr, event: C.VIRTIO_CONSOLE_DEVICE_ADD, value: 1 }));
      }
    } else if (event === C.VIRTIO_CONSOLE_PORT_READY && value === 1 && port !== null) {
      this.describePort(port);
    } else if (event === C.VIRTIO_CONSOLE_PORT_OPEN && port !== null) {
      port.setGuestOpen(value !== 0);
    } else {
      this.bus.log.guestError("virtio-serial: control message ignored", `port ${id}, event ${event}, value ${value}`);
    }
  }

  /** The driver has made the port: what it is, what it is called, whether the host has it open, how large it is. */
  private describePort(port: ConsolePort): void {
    const id = port.nr;
    if (port.isConsole) this.sendControl(encodeControl({ id, event: C.VIRTIO_CONSOLE_CONSOLE_PORT, value: 1 }));
    if (port.name !== "") {
      const name = new TextEncoder().encode(port.name);
      this.sendControl(encodeControl({ id, event: C.VIRTIO_CONSOLE_PORT_NAME, value: 1 }, name));
    }
    if (port.hostOpen) this.sendControl(encodeControl({ id, event: C.VIRTIO_CONSOLE_PORT_OPEN, value: 1 }));
    this.sendSize(port);
  }

  /** Queues a message for the driver; a driver that gives no buffers loses messages. */
  private sendControl(message: Uint8Array): void {
    if (this.control.length >= CONTROL_BACKLOG) {
      this.bus.log.guestError("virtio-serial: control message dropped", `${CONTROL_BACKLOG} wait for buffers`);
      return;
    }
    this.control.push(message);
    const queue = this.bus.queue(C.CONSOLE_CONTROL_RECEIVEQ);
    if (queue !== null) this.flushControl(queue);
  }

  private flushControl(queue: Virtqueue): void {
    if (this.control.length === 0) return;
    queue.drain((chain) => {
      const writer = chain.writer();
      const message = this.control.shift() ?? new Uint8Array();
      writer.write(message);
      if (writer.written < message.length) {
        this.bus.log.guestError("virtio-serial: control buffer too small", `${chain.writableBytes} bytes`);
      }
      queue.push(chain, writer.written);
      return this.control.length > 0;
    });
  }

  // ---- The rest ----

  /** The low byte is the character; it works at any time, before the driver has touched anything else (5.3.4). */
  override onConfigWrite(write: ConfigWrite): void {
    if (write.field !== "emerg_wr" || write.first !== 0) return;
    this.port(0)?.emergency(this.config.get("emerg_wr") & 0xff);
    this.config.set("emerg_wr", 0);
  }

  override onReset(): void {
    this.driverReady = false;
    this.control.length = 0;
    for (const port of this.ports.values()) port.reset();
  }

  override inspect(): readonly Fact[] {
    return Array.from(this.ports.values(), ({ nr, name, isConsole, guestOpen, hostOpen }) => ({
      name: `Port ${nr}`,
      value: [
        isConsole ? "console" : "serial port",
        ...(name === "" ? [] : [`"${name}"`]),
        `guest ${guestOpen ? "open" : "closed"}`,
        `host ${hostOpen ? "open" : "closed"}`,
      ].join(", "),
    }));
  }

  save(): ConsoleState {
    return saveConsole({
      driverReady: this.driverReady,
      control: this.control.map((message) => ({ bytes: Array.from(message) })),
      ports: Array.from(this.ports.values(), (port) => ({
        nr: port.nr,
        guestOpen: port.guestOpen,
        hostOpen: port.hostOpen,
        waiting: port.waitingInput,
        sentBytes: port.sentBytes,
      })),
    });
  }

  load(value: unknown): void {
    const state = loadConsole(value, this.maxPorts);
    this.driverReady = state.driverReady;
    this.control.push(...state.control.slice(0, CONTROL_BACKLOG).map(({ bytes }) => Uint8Array.from(bytes)));
    for (const saved of state.ports) {
      const port = this.port(saved.nr);
      if (port === null) continue;
      port.restore(saved.guestOpen, saved.waiting, saved.sentBytes);
      if (port.hostOpen !== saved.hostOpen) this.hostOpenChanged(port);
    }
  }

  serveRestored(chain: Chain): void {
    const nr = portOfQueue(chain.queue.index);
    const port = (chain.queue.index & 1) === 1 ? this.port(nr) : null;
    if (port !== null) port.resumeSending(chain);
    else {
      chain.queue.push(chain, 0);
      chain.queue.flush();
    }
  }
}
