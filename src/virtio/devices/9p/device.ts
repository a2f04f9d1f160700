/** The 9P transport device: files of the host, as the client in the guest asks for them. */
import type { VirtioBus } from "../../bus.ts";
import type { Chain } from "../../chain.ts";
import { VirtioDevice } from "../../device.ts";
import type { FeatureRow } from "../../features.ts";
import type { FileTree } from "../../file-tree.ts";
import type { ConfigBytes } from "../../layout.ts";
import { Pause } from "../../pause.ts";
import * as P from "../../spec/9p.ts";
import { VIRTIO_ID_9P } from "../../spec/ids.ts";
import type { QueueSpec, Virtqueue } from "../../virtqueue.ts";
import { ninePConfig, ninePFeatures } from "./config.ts";
import { NinePServer } from "./server.ts";
import type { NinePState } from "./state.ts";

/** QEMU's size. Linux wants room for the pages of its largest message, 128 with its header. */
const QUEUE_SIZE = 128;
/** Requests at a time; with the largest message this bounds the host memory of one device. */
const MAX_IN_FLIGHT = 64;

export class VirtioNineP extends VirtioDevice {
  readonly id = VIRTIO_ID_9P;
  readonly name = "virtio-9p";
  readonly legacy = true;
  readonly features: readonly FeatureRow[] = ninePFeatures();
  readonly config: ConfigBytes;
  readonly queues: readonly QueueSpec[] = [{ name: "requestq", sizeMax: QUEUE_SIZE }];
  readonly server: NinePServer;
  private inFlight = 0;
  private draining = 0;
  /** The queue was left with buffers, and without asking for notifications, for want of room. */
  private starved = false;
  private readonly pause = new Pause(() => this.inFlight === 0);

  constructor(bus: VirtioBus, tree: FileTree, mountTag: string) {
    super(bus);
    this.config = ninePConfig(mountTag);
    this.server = new NinePServer(tree, bus.log);
  }

  onQueue(queue: Virtqueue): void {
    if (!this.hasRoom) {
      this.starved = true;
      return;
    }
    this.draining += 1;
    queue.drain((chain) => {
      this.start(chain);
      if (!this.hasRoom) this.starved = true;
      return this.hasRoom;
    });
    this.draining -= 1;
  }

  private get hasRoom(): boolean {
    return !this.pause.active && this.inFlight < MAX_IN_FLIGHT;
  }

  private start(chain: Chain): void {
    const room = chain.writableBytes;
    if (chain.readableBytes < P.P9_HEADER_SIZE || room < P.P9_HEADER_SIZE) {
      this.bus.log.guestError(
        "virtio-9p: message without header, or without room for an answer",
        `${chain.readableBytes} bytes to read, ${room} to write`,
      );
      chain.queue.push(chain, 0);
      return;
    }
    this.inFlight += 1;
    const answer = (pieces: readonly Uint8Array[] | null): void => this.finish(chain, pieces);
    const sizeBytes = new DataView(chain.reader().take(4).buffer).getUint32(0, true);
    if (sizeBytes !== chain.readableBytes || sizeBytes > this.server.msize) {
      const header = chain.reader().take(P.P9_HEADER_SIZE);
      const tag = new DataView(header.buffer).getUint16(5, true);
      const why = `size ${sizeBytes} of ${chain.readableBytes} bytes, msize ${this.server.msize}`;
      this.server.refuseEarly(why, tag, sizeBytes > this.server.msize ? "EMSGSIZE" : "EINVAL", { room, answer });
      return;
    }
    this.server.receive(chain.reader().take(sizeBytes), room, answer);
  }

  private finish(chain: Chain, pieces: readonly Uint8Array[] | null): void {
    const { queue } = chain;
    this.inFlight -= 1;
    const writer = chain.writer();
    if (pieces === null) this.bus.log.guestError("virtio-9p: no room for an answer", `${chain.writableBytes} bytes`);
    for (const piece of pieces ?? []) writer.write(piece);
    queue.push(chain, writer.written);
    this.pause.check();
    // Inside a drain the flush comes at its end, and the loop goes on by itself.
    if (this.draining > 0) return;
    queue.flush();
    if (this.starved && this.hasRoom) {
      this.starved = false;
      this.onQueue(queue);
    }
  }

  /** Requests of the old life find their chains dead when the tree answers. They still count until then. */
  override onReset(): void {
    this.server.reset();
  }

  override quiesce(): Promise<void> {
    return this.pause.begin();
  }

  override resume(): void {
    this.pause.end();
  }

  save(): NinePState {
    return this.server.save();
  }

  load(state: unknown): void {
    this.server.load(state);
  }

  /** What was in flight is asked again; `quiesce` sees to it that nothing is that must not be done twice. */
  serveRestored(chain: Chain): void {
    this.start(chain);
  }
}
