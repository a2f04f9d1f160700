/** The block device (virtio 1.4, chapter "Block Device"). */
import type { Awaitable, BlockBackend } from "../../backends.ts";
import type { VirtioBus } from "../../bus.ts";
import type { Chain } from "../../chain.ts";
import { VirtioDevice } from "../../device.ts";
import type { Timers } from "../../environment.ts";
import type { FeatureRow } from "../../features.ts";
import type { ConfigWrite } from "../../layout.ts";
import { Pause } from "../../pause.ts";
import { SECTOR_SIZE, VIRTIO_BLK_F_CONFIG_WCE, VIRTIO_BLK_F_FLUSH } from "../../spec/blk.ts";
import { VIRTIO_ID_BLOCK } from "../../spec/ids.ts";
import { Turns } from "../../turns.ts";
import type { QueueSpec, Virtqueue } from "../../virtqueue.ts";
import { type BlkConfig, type BlkOptions, blkConfig, blkFeatures, MAX_RANGES } from "./config.ts";
import { BlkExecution, type BlkHost, SLICE_BYTES } from "./executor.ts";
import { type BlkLimits, type BlkRequest, parseBlkRequest } from "./request.ts";
import { type BlkState, loadBlk, saveBlk } from "./state.ts";

/** Requests that the backend works on at a time; with SLICE_BYTES this bounds the host memory of one disk. */
const MAX_IN_FLIGHT = 32;

export class VirtioBlk extends VirtioDevice implements BlkHost {
  readonly id = VIRTIO_ID_BLOCK;
  readonly name = "virtio-blk";
  readonly legacy = true;
  readonly features: readonly FeatureRow[];
  readonly config: BlkConfig;
  readonly queues: readonly QueueSpec[];
  readonly backend: BlockBackend;
  readonly serial: string;
  private readonly options: BlkOptions;
  private readonly turns: Turns;
  private readonly executions = new Set<BlkExecution>();
  private readonly buffers: Uint8Array[] = [];
  private draining = 0;
  /** A queue was left with buffers, and without asking for notifications, for want of room. */
  private starved = false;
  private readonly pause = new Pause(() => this.executions.size === 0);

  constructor(bus: VirtioBus, backend: BlockBackend, timers: Timers, options: BlkOptions) {
    super(bus);
    this.turns = new Turns(timers);
    if (backend.sizeBytes % SECTOR_SIZE !== 0) {
      throw new Error(`the disk has ${backend.sizeBytes} bytes, which is not a multiple of ${SECTOR_SIZE}`);
    }
    this.backend = backend;
    this.options = options;
    this.serial = options.serial;
    this.features = blkFeatures(options, backend.readOnly);
    this.config = blkConfig(options, backend.sizeBytes);
    this.queues = Array.from({ length: options.numQueues }, () => ({ name: "requestq", sizeMax: options.queueSize }));
  }

  /** Without FLUSH the driver cannot ask for durability, so the cache starts in write-through (5.2.5.2). */
  override onFeatures(): void {
    if (this.bus.has(VIRTIO_BLK_F_CONFIG_WCE)) this.config.set("writeback", this.bus.has(VIRTIO_BLK_F_FLUSH) ? 1 : 0);
  }

  override onConfigWrite(write: ConfigWrite): void {
    if (write.field === "writeback") this.config.set("writeback", this.config.get("writeback") & 1);
  }

  writeThrough(): boolean {
    if (this.bus.has(VIRTIO_BLK_F_CONFIG_WCE)) return this.config.get("writeback") === 0;
    return !this.bus.has(VIRTIO_BLK_F_FLUSH);
  }

  /** The backend has another size now: the driver is told. */
  resized(): void {
    this.config.set("capacity", Math.floor(this.backend.sizeBytes / SECTOR_SIZE));
    this.bus.configChanged();
  }

  onQueue(queue: Virtqueue): void {
    if (this.pause.active || this.executions.size >= MAX_IN_FLIGHT) {
      this.starved = true;
      return;
    }
    this.draining += 1;
    queue.drain((chain) => {
      this.start(chain);
      if (this.executions.size >= MAX_IN_FLIGHT) this.starved = true;
      return this.executions.size < MAX_IN_FLIGHT;
    });
    this.draining -= 1;
  }

  spend(bytes: number): Awaitable {
    return this.turns.spend(bytes);
  }

  private get limits(): BlkLimits {
    const { backend, options } = this;
    return {
      capacityBytes: Math.floor(backend.sizeBytes / SECTOR_SIZE) * SECTOR_SIZE,
      logicalBlockSize: options.logicalBlockSize,
      readOnly: backend.readOnly,
      discard: options.discard,
      writeZeroes: options.writeZeroes,
      maxRanges: MAX_RANGES,
      maxRangeSectors: { discard: options.maxDiscardSectors, writeZeroes: options.maxWriteZeroesSectors },
    };
  }

  private start(chain: Chain): void {
    const request = parseBlkRequest(chain, this.limits);
    if (request === null) {
      this.bus.log.guestError(
        "virtio-blk: request without header or status",
        `${chain.readableBytes} bytes to read, ${chain.writableBytes} to write`,
      );
      chain.queue.push(chain, 0);
      return;
    }
    const execution = new BlkExecution(this, chain, request);
    this.executions.add(execution);
    if (request.kind === "refused") {
      this.bus.log.guestError("virtio-blk: request refused", request.reason);
      execution.refuse(request.status);
    } else execution.run();
  }

  complete(execution: BlkExecution, written: number): void {
    const { queue } = execution.chain;
    this.executions.delete(execution);
    queue.push(execution.chain, written);
    this.pause.check();
    // Inside a drain the flush comes at its end, and the loop goes on by itself.
    if (this.draining > 0) return;
    queue.flush();
    this.serveWaiting();
  }

  /** There is room for another request: queues that were left without a request for notifications go on. */
  private serveWaiting(): void {
    if (!this.starved || this.pause.active) return;
    this.starved = false;
    for (const queue of this.bus.queues) this.onQueue(queue);
  }

  takeBuffer(): Uint8Array {
    return this.buffers.pop() ?? new Uint8Array(SLICE_BYTES);
  }

  giveBuffer(buffer: Uint8Array): void {
    this.buffers.push(buffer);
  }

  backendFailed(request: BlkRequest, error: unknown): void {
    const what = error instanceof Error ? error.message : String(error);
    this.bus.log.hostError(`virtio-blk: ${request.kind}`, `The disk could not be accessed (${request.kind}): ${what}`);
  }

  /** Requests of the old life find their chains dead when the backend answers. They still count until then. */
  override onReset(): void {
    this.config.set("writeback", 1);
  }

  override quiesce(): Promise<void> {
    return this.pause.begin();
  }

  override resume(): void {
    this.pause.end();
  }

  save(): BlkState {
    return saveBlk(this.backend.sizeBytes);
  }

  load(state: unknown): void {
    if (loadBlk(state) !== this.backend.sizeBytes) this.resized();
  }

  /** Reading, writing and flushing once more does no harm, and the driver has not touched the buffers. */
  serveRestored(chain: Chain): void {
    this.start(chain);
  }
}
