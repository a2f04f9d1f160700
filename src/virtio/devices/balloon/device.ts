/** The memory balloon (virtio 1.4, chapter "Traditional Memory Balloon Device"). */
import type { VirtioBus } from "../../bus.ts";
import type { Chain } from "../../chain.ts";
import { VirtioDevice } from "../../device.ts";
import type { Timers } from "../../environment.ts";
import type { FeatureRow } from "../../features.ts";
import type { Fact } from "../../inspection.ts";
import * as B from "../../spec/balloon.ts";
import { VIRTIO_ID_BALLOON } from "../../spec/ids.ts";
import type { QueueSpec, Virtqueue } from "../../virtqueue.ts";
import { balloonConfig } from "./config.ts";
import { type BalloonStats, commandId, forEachPage, parseStats } from "./request.ts";
import { type BalloonFeatureOptions, balloonFeatures } from "./features.ts";
import { BALLOON_QUEUES, balloonQueue, type BalloonRole, balloonRole } from "./roles.ts";
import { type BalloonState, loadBalloon, saveBalloon } from "./state.ts";

export interface BalloonOptions extends BalloonFeatureOptions {
  /** How often the guest is asked for statistics; 0 for never. */
  readonly statsIntervalMs: number;
}

const QUEUE_SIZE = 128;

/**
 * A tab cannot give memory of a running machine back to its computer. What the guest gives up is filled with zeros
 * instead, so that a saved state is small, and counted.
 */
export class VirtioBalloon extends VirtioDevice {
  readonly id = VIRTIO_ID_BALLOON;
  readonly name = "virtio-balloon";
  readonly legacy = true;
  readonly features: readonly FeatureRow[];
  readonly config = balloonConfig();
  readonly queues: readonly QueueSpec[] = BALLOON_QUEUES.map(({ name }) => ({ name, sizeMax: QUEUE_SIZE }));
  /** The last statistics of the guest; empty before the first. */
  stats: BalloonStats = {};
  /** Called after statistics came, or the guest moved the balloon. */
  onChange: () => void = () => undefined;
  /** Bytes that the guest reported as free, in all. */
  reportedBytes = 0;
  /** Bytes of the last free page hints. */
  hintedBytes = 0;
  private readonly timers: Timers;
  private statsIntervalMs: number;
  private cancelTimer: (() => void) | null = null;
  /** The guest's statistics buffer, which is returned to ask for the next ones. */
  private statsChain: Chain | null = null;
  private command = B.VIRTIO_BALLOON_CMD_ID_STOP;
  private hinting = false;

  constructor(bus: VirtioBus, { timers }: { readonly timers: Timers }, options: BalloonOptions) {
    super(bus);
    this.timers = timers;
    this.statsIntervalMs = options.statsIntervalMs;
    this.features = balloonFeatures(options);
  }

  /** Bytes that the guest is asked to give up. */
  get targetBytes(): number {
    return this.config.get("num_pages") * B.BALLOON_PAGE_SIZE;
  }

  /** Bytes that the guest says it has given up. */
  get actualBytes(): number {
    return this.config.get("actual") * B.BALLOON_PAGE_SIZE;
  }

  /** Asks the guest for a balloon of so many bytes, rounded down to pages; at most what RAM there is. */
  setTarget(bytes: number): void {
    const limit = Math.floor(this.bus.memory.sizeBytes / B.BALLOON_PAGE_SIZE);
    this.config.set("num_pages", Math.max(0, Math.min(limit, Math.floor(bytes / B.BALLOON_PAGE_SIZE))));
    this.bus.configChanged();
  }

  /** Asks for statistics every so often from now on; 0 for never. */
  setStatsInterval(intervalMs: number): void {
    this.statsIntervalMs = intervalMs;
    this.scheduleStats();
  }

  /** Asks for hints about free memory, for a state that is about to be saved. False where the guest gives none. */
  startHinting(): boolean {
    if (!this.bus.has(B.VIRTIO_BALLOON_F_FREE_PAGE_HINT)) return false;
    this.command = this.command >= B.VIRTIO_BALLOON_CMD_ID_MIN ? (this.command + 1) >>> 0 : B.VIRTIO_BALLOON_CMD_ID_MIN;
    if (this.command < B.VIRTIO_BALLOON_CMD_ID_MIN) this.command = B.VIRTIO_BALLOON_CMD_ID_MIN;
    this.hintedBytes = 0;
    this.setCommand(this.command);
    return true;
  }

  /** The guest may use again what it hinted at. */
  finishHinting(): void {
    this.hinting = false;
    this.setCommand(B.VIRTIO_BALLOON_CMD_ID_DONE);
  }

  private setCommand(id: number): void {
    this.config.set("free_page_hint_cmd_id", id);
    this.bus.configChanged();
  }

  private role(queue: Virtqueue): BalloonRole | null {
    return balloonRole(
      queue.index,
      (bit) => this.bus.has(bit),
      (index) => this.bus.queue(index)?.ready === true,
    );
  }

  onQueue(queue: Virtqueue): void {
    const role = this.role(queue);
    queue.drain((chain) => {
      this.serve(role, chain);
      return true;
    });
  }

  private serve(role: BalloonRole | null, chain: Chain): void {
    switch (role) {
      case "inflateq":
        forEachPage(chain, (page) => this.inflate(page));
        break;
      case "deflateq":
        // The guest uses the pages again; their contents are its own business, as they are on any computer.
        forEachPage(chain, (page) => this.hostOf(page));
        break;
      case "statsq":
        this.takeStats(chain);
        return;
      case "free_page_vq":
        this.takeHint(chain);
        break;
      case "reporting_vq":
        this.reportedBytes += chain.writableBytes;
        this.discard(chain);
        break;
      case null:
        break;
    }
    chain.queue.push(chain, 0);
  }

  /** Linear-memory address of a page; 0, and a guest error, where there is no RAM. */
  private hostOf(page: number): number {
    const host = this.bus.memory.at(page * B.BALLOON_PAGE_SIZE, B.BALLOON_PAGE_SIZE);
    if (host === 0) this.bus.log.guestError(`${this.name}: page that is not RAM`, `number 0x${page.toString(16)}`);
    return host;
  }

  /** Whether free pages hold nothing that the guest counts on. */
  private get mayClear(): boolean {
    return !this.bus.has(B.VIRTIO_BALLOON_F_PAGE_POISON) || this.config.get("poison_val") === 0;
  }

  private inflate(page: number): void {
    const host = this.hostOf(page);
    if (host !== 0 && this.mayClear) this.bus.memory.fill(host, B.BALLOON_PAGE_SIZE, 0);
  }

  /** Free memory that a chain shows as its device-writable part. */
  private discard(chain: Chain): void {
    if (this.mayClear) chain.writer().fill(0, chain.writableBytes);
  }

  private takeHint(chain: Chain): void {
    const id = commandId(chain);
    if (id !== null) {
      // The guest repeats the command that its hints belong to; STOP ends them (5.5.6.4).
      this.hinting = id === this.config.get("free_page_hint_cmd_id") && id >= B.VIRTIO_BALLOON_CMD_ID_MIN;
    }
    if (!this.hinting || chain.writableBytes === 0) return;
    this.hintedBytes += chain.writableBytes;
    this.discard(chain);
  }

  private takeStats(chain: Chain): void {
    this.stats = parseStats(chain);
    // There is one buffer; a second one means that the driver lost count (5.5.6.3).
    const previous = this.statsChain;
    this.statsChain = chain;
    if (previous?.live === true) {
      this.bus.log.guestError(`${this.name}: a second statistics buffer`, `chain ${chain.head}`);
      previous.queue.push(previous, 0);
    }
    this.onChange();
    this.scheduleStats();
  }

  private scheduleStats(): void {
    this.cancelTimer?.();
    this.cancelTimer = null;
    if (this.statsIntervalMs === 0 || this.statsChain === null) return;
    this.cancelTimer = this.timers.after(this.statsIntervalMs, () => {
      this.cancelTimer = null;
      this.askForStats();
    });
  }

  /** Asks the guest for fresh statistics. False where it has not answered the last question, or gives none. */
  askForStats(): boolean {
    const chain = this.statsChain;
    if (chain === null || !chain.live) return false;
    this.statsChain = null;
    chain.queue.push(chain, 0);
    chain.queue.flush();
    return true;
  }

  override onConfigWrite({ field, last }: { readonly field: string; readonly last: number }): void {
    // Legacy drivers write single bytes, the lowest first: the number is whole after the last.
    if (field === "actual" && last === 3) this.onChange();
  }

  override onQueueStopped(queue: Virtqueue): void {
    if (this.statsChain?.queue === queue) this.statsChain = null;
  }

  override onReset(): void {
    this.cancelTimer?.();
    this.cancelTimer = null;
    this.statsChain = null;
    this.hinting = false;
    this.stats = {};
    // A driver that comes up anew begins with an empty balloon, and says so (5.5.5).
    this.config.set("actual", 0);
    this.config.set("poison_val", 0);
    this.config.set("free_page_hint_cmd_id", B.VIRTIO_BALLOON_CMD_ID_STOP);
    this.onChange();
  }

  override inspect(): readonly Fact[] {
    return [
      { name: "Reported free, in all", value: `${this.reportedBytes} bytes` },
      { name: "Hinted free", value: `${this.hintedBytes} bytes` },
    ];
  }

  save(): BalloonState {
    return saveBalloon(this.command);
  }

  load(state: unknown): void {
    this.command = loadBalloon(state);
  }

  serveRestored(chain: Chain): void {
    const statsq = balloonQueue(
      "statsq",
      (bit) => this.bus.has(bit),
      (index) => this.bus.queue(index)?.ready === true,
    );
    if (chain.queue.index === statsq) {
      this.statsChain = chain;
      this.scheduleStats();
      return;
    }
    this.serve(this.role(chain.queue), chain);
    chain.queue.flush();
  }
}
