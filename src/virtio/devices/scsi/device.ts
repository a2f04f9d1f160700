/** The SCSI host (virtio 1.4, chapter "SCSI Host Device"). */
import type { BlockUnit } from "../../../scsi/block-unit.ts";
import { ReportLunsUnit, ScsiDomain, type UnitAddress } from "../../../scsi/domain.ts";
import type { LogicalUnit } from "../../../scsi/logical-unit.ts";
import type { ScsiMedium } from "../../../scsi/medium.ts";
import { SENSE, type Sense } from "../../../scsi/sense.ts";
import { TYPE_DISK } from "../../../scsi/spec.ts";
import type { Awaitable } from "../../backends.ts";
import type { VirtioBus } from "../../bus.ts";
import type { Chain } from "../../chain.ts";
import { VirtioDevice } from "../../device.ts";
import type { Timers } from "../../environment.ts";
import type { FeatureRow } from "../../features.ts";
import { Pause } from "../../pause.ts";
import { VIRTIO_ID_SCSI } from "../../spec/ids.ts";
import * as V from "../../spec/scsi.ts";
import { Turns } from "../../turns.ts";
import type { QueueSpec, Virtqueue } from "../../virtqueue.ts";
import {
  cdbSize,
  isOversized,
  resetSizes,
  type ScsiConfig,
  type ScsiOptions,
  scsiConfig,
  scsiFeatures,
  senseSize,
} from "./config.ts";
import { abortAll, type ControlHost, serveControl } from "./control.ts";
import { EventQueue } from "./events.ts";
import { Execution, type ExecutionHost, refuse, SLICE_BYTES } from "./execution.ts";
import { type LunAddress, lunBytes } from "./lun.ts";
import { type CommandRequest, parseCommand } from "./request.ts";
import { loadScsi, saveScsi, type ScsiState } from "./state.ts";

/** Commands that run at a time; with SLICE_BYTES this bounds the host memory of one controller. */
const MAX_RUNNING = 32;
/** Commands that are taken from the queues without need. Task management takes all that are there. */
const MAX_TASKS = 256;

const NAME = "virtio-scsi";

export class VirtioScsi extends VirtioDevice implements ExecutionHost, ControlHost {
  readonly id = VIRTIO_ID_SCSI;
  readonly name = NAME;
  readonly legacy = true;
  readonly features: readonly FeatureRow[];
  readonly config: ScsiConfig;
  readonly queues: readonly QueueSpec[];
  readonly domain = new ScsiDomain<BlockUnit>();
  readonly subscriptions = new WeakMap<BlockUnit, number>();
  /** Whether units may come and go while the machine runs. */
  readonly hotplug: boolean;
  private readonly wellKnown = new ReportLunsUnit(() =>
    [...this.domain.units()].map((address) => [...lunBytes(address)]),
  );
  private readonly events: EventQueue;
  private readonly turns: Turns;
  /** What was taken and is not answered, in the order in which it came. */
  private readonly executions = new Set<Execution>();
  /** Those of them that have not begun. */
  private readonly waiting: Execution[] = [];
  private readonly buffers: Uint8Array[] = [];
  private running = 0;
  /** The queues that are being drained, where answers are flushed at the end. */
  private readonly draining: Virtqueue[] = [];
  private pumping = false;
  /** A queue was left with buffers, and without asking for notifications, for want of room. */
  private starved = false;
  private readonly pause = new Pause(() => this.executions.size === 0);

  constructor(bus: VirtioBus, timers: Timers, options: ScsiOptions) {
    super(bus);
    this.turns = new Turns(timers);
    this.hotplug = options.hotplug;
    this.features = scsiFeatures(options);
    this.config = scsiConfig(options);
    this.events = new EventQueue((place, detail) => this.guestError(place, detail));
    const names = ["controlq", "eventq", ...new Array<string>(options.numQueues).fill("requestq")];
    this.queues = names.map((name) => ({ name, sizeMax: options.queueSize }));
  }

  guestError(place: string, detail: string): void {
    this.bus.log.guestError(`${NAME}: ${place}`, detail);
  }

  // ---- Units come and go ----

  /** Puts a unit at a free address; a driver that is at work finds it without looking. */
  attach(address: UnitAddress, unit: BlockUnit): void {
    this.domain.add(address, unit);
    this.announce(address, V.VIRTIO_SCSI_EVT_RESET_RESCAN);
  }

  /** Takes a unit away. Its commands end with an error; resolves when the last has, and nobody touches the medium. */
  detach(address: UnitAddress): Promise<void> {
    const unit = this.domain.unit(address);
    this.domain.remove(address);
    this.announce(address, V.VIRTIO_SCSI_EVT_RESET_REMOVED);
    const tasks = [...this.executions].filter((task) => task.unit === unit);
    return new Promise((resolve) => abortAll(tasks, V.VIRTIO_SCSI_S_ABORTED, resolve));
  }

  /** Puts a medium into a drive, or with null takes it out whether or not the driver prevents that. */
  changeMedium(address: UnitAddress, medium: ScsiMedium | null): void {
    const unit = this.domain.unit(address);
    unit?.changeMedium(medium);
    if (unit !== undefined) this.notifyAsync(address, unit, V.VIRTIO_SCSI_EVT_ASYNC_MEDIA_CHANGE);
  }

  /** Somebody presses the button of a drive. False where the driver prevents removal: it is told of the wish. */
  requestEject(address: UnitAddress): boolean {
    const unit = this.domain.unit(address);
    if (unit === undefined) return false;
    const ejected = unit.requestEject();
    const event = ejected ? V.VIRTIO_SCSI_EVT_ASYNC_MEDIA_CHANGE : V.VIRTIO_SCSI_EVT_ASYNC_EXTERNAL_REQUEST;
    this.notifyAsync(address, unit, event);
    return ejected;
  }

  /** The medium of a unit has another size now. */
  resized(address: UnitAddress): void {
    const unit = this.domain.unit(address);
    if (unit === undefined) return;
    unit.capacityChanged();
    const { asc, ascq }: Sense = SENSE.capacityDataHasChanged;
    if (!this.bus.has(V.VIRTIO_SCSI_F_CHANGE) || unit.peripheral !== TYPE_DISK) return;
    this.sendEvent(V.VIRTIO_SCSI_T_PARAM_CHANGE, address, asc | (ascq << 8));
  }

  private announce(address: UnitAddress, reason: number): void {
    if (this.bus.has(V.VIRTIO_SCSI_F_HOTPLUG)) this.sendEvent(V.VIRTIO_SCSI_T_TRANSPORT_RESET, address, reason);
  }

  private notifyAsync(address: UnitAddress, unit: BlockUnit, event: number): void {
    const wanted = this.subscriptions.get(unit) ?? 0;
    if ((wanted & event) !== 0) this.sendEvent(V.VIRTIO_SCSI_T_ASYNC_NOTIFY, address, event);
  }

  /** A driver that is not there yet looks for itself when it comes. */
  private sendEvent(event: number, address: UnitAddress, reason: number): void {
    const queue = this.bus.queue(V.SCSI_EVENTQ);
    if (queue?.ready === true && this.bus.live) this.events.send(queue, { event, lun: lunBytes(address), reason });
  }

  // ---- Queues ----

  onQueue(queue: Virtqueue): void {
    if (this.pause.active) {
      this.starved = true;
    } else if (queue.index === V.SCSI_CONTROLQ) {
      this.drain(queue, (chain) => {
        this.serveControl(chain);
        return true;
      });
    } else if (queue.index === V.SCSI_EVENTQ) this.events.serve(queue);
    else this.take(queue, MAX_TASKS);
  }

  /** Drains a queue; what is answered meanwhile is flushed at the end. */
  private drain(queue: Virtqueue, take: (chain: Chain) => boolean): void {
    this.draining.push(queue);
    queue.drain(take);
    this.draining.pop();
  }

  /** Takes commands while there are fewer than `limit`. */
  private take(queue: Virtqueue, limit: number): void {
    if (this.executions.size >= limit) {
      this.starved = true;
      return;
    }
    this.drain(queue, (chain) => {
      this.start(chain);
      if (this.executions.size >= limit) this.starved = true;
      return this.executions.size < limit;
    });
  }

  takeAll(): void {
    for (const queue of this.bus.queues.slice(V.SCSI_REQUESTQ)) {
      if (queue.ready) this.take(queue, Number.POSITIVE_INFINITY);
    }
  }

  get tasks(): Iterable<Execution> {
    return this.executions;
  }

  private serveControl(chain: Chain): void {
    serveControl(this, chain, (written) => this.give(chain, written));
  }

  private give(chain: Chain, written: number): void {
    chain.queue.push(chain, written);
    if (!this.draining.includes(chain.queue)) chain.queue.flush();
  }

  private start(chain: Chain): void {
    const { config } = this;
    const request = parseCommand(chain, { cdbSize: cdbSize(config), senseSize: senseSize(config) });
    if (request === null) {
      const sizes = `${chain.readableBytes} bytes to read, ${chain.writableBytes} to write`;
      this.guestError("command without room for header or response", sizes);
      this.give(chain, 0);
      return;
    }
    const unit = this.find(request.address);
    if (unit === null) {
      this.refuse(request, V.VIRTIO_SCSI_S_BAD_TARGET);
      return;
    }
    if (request.dataInBytes > 0 && request.dataOut.remaining > 0) {
      this.guestError(
        "data in both directions without VIRTIO_SCSI_F_INOUT",
        `command 0x${request.cdb[0]?.toString(16)}`,
      );
      this.refuse(request, V.VIRTIO_SCSI_S_FAILURE);
      return;
    }
    const transfer = unit.transferOf(request.cdb);
    const room = transfer.direction === "in" ? request.dataInBytes : request.dataOut.remaining;
    if (transfer.direction !== "none" && room < transfer.bytes) {
      this.refuse(request, V.VIRTIO_SCSI_S_OVERRUN);
      return;
    }
    const execution = new Execution(this, request, unit, transfer);
    this.executions.add(execution);
    this.waiting.push(execution);
    this.pump();
  }

  private refuse(request: CommandRequest, response: number): void {
    this.give(request.chain, refuse(request, response));
  }

  /** Who answers at an address, or null. */
  private find(address: LunAddress): LogicalUnit | null {
    switch (address.kind) {
      case "unit":
        return this.domain.at(address);
      case "report-luns": {
        const { target } = address;
        if (target === null) return this.wellKnown;
        if (!this.domain.hasTarget(target)) return null;
        return new ReportLunsUnit(() =>
          [...this.domain.units()].filter((row) => row.target === target).map((row) => [...lunBytes(row)]),
        );
      }
      case "invalid":
        return null;
    }
  }

  /** Begins what waits while there is room; a command that is done at once makes room for the next. */
  private pump(): void {
    if (this.pumping) return;
    this.pumping = true;
    while (this.running < MAX_RUNNING) {
      const next = this.waiting.shift();
      if (next === undefined) break;
      // Its queue was reset while it waited.
      if (!next.chain.live) {
        this.executions.delete(next);
        continue;
      }
      this.running += 1;
      next.run();
    }
    this.pumping = false;
    this.pause.check();
  }

  complete(execution: Execution, written: number): void {
    this.executions.delete(execution);
    const at = this.waiting.indexOf(execution);
    if (at >= 0) this.waiting.splice(at, 1);
    else this.running -= 1;
    this.give(execution.chain, written);
    this.pump();
    if (this.draining.length === 0) this.serveStarved();
  }

  /** There is room again: queues that were left without a request for notifications go on. */
  private serveStarved(): void {
    if (!this.starved || this.pause.active || this.executions.size >= MAX_TASKS) return;
    this.starved = false;
    for (const queue of this.bus.queues) if (queue.ready) this.onQueue(queue);
  }

  // ---- What executions call ----

  spend(bytes: number): Awaitable {
    return this.turns.spend(bytes);
  }

  takeBuffer(): Uint8Array {
    return this.buffers.pop() ?? new Uint8Array(SLICE_BYTES);
  }

  giveBuffer(buffer: Uint8Array): void {
    this.buffers.push(buffer);
  }

  mediumFailed({ cdb }: Execution, error: unknown): void {
    const what = error instanceof Error ? error.message : String(error);
    const command = `0x${cdb[0]?.toString(16)}`;
    this.bus.log.hostError(`${NAME}: ${command}`, `The disk could not be accessed (SCSI command ${command}): ${what}`);
  }

  // ---- The life of the device ----

  override onConfigWrite({ field, last }: { readonly field: string; readonly last: number }): void {
    // Legacy drivers write single bytes, the lowest first: the number is whole after the last.
    if (last !== 3 || !isOversized(this.config)) return;
    this.guestError("size larger than any that SCSI has", `${field} ${this.config.get(field as "cdb_size")}`);
  }

  /** Commands of the old life find their chains dead when the medium answers. They still count until then. */
  override onReset(): void {
    resetSizes(this.config);
    this.events.missed = false;
    for (const execution of this.waiting.splice(0)) this.executions.delete(execution);
    this.pause.check();
    for (const { unit } of this.domain.units()) {
      unit.reset();
      this.subscriptions.delete(unit);
    }
  }

  override quiesce(): Promise<void> {
    return this.pause.begin();
  }

  override resume(): void {
    this.pause.end();
  }

  save(): ScsiState {
    const units = [...this.domain.units()].map(({ target, lun, unit }) => ({
      target,
      lun,
      type: unit.peripheral,
      sizeBytes: unit.medium?.sizeBytes ?? 0,
      subscribed: this.subscriptions.get(unit) ?? 0,
      state: unit.save(),
    }));
    return saveScsi(this.events.missed, units);
  }

  load(state: unknown): void {
    const rows = [...this.domain.units()];
    const { eventsMissed, units } = loadScsi(state, rows.length, (address) => this.domain.unit(address));
    this.events.missed = eventsMissed;
    for (const { unit, sizeBytes, subscribed, state: saved } of units) {
      unit.load(saved);
      this.subscriptions.set(unit, subscribed);
      if (sizeBytes !== (unit.medium?.sizeBytes ?? 0)) unit.capacityChanged();
    }
  }

  /** Carrying a command out once more does no harm, and the driver has not touched the buffers. */
  serveRestored(chain: Chain): void {
    if (chain.queue.index === V.SCSI_CONTROLQ) this.serveControl(chain);
    else this.start(chain);
  }
}
