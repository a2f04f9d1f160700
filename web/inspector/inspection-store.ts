import type { BalloonStatus, DeviceInspection, MachineInspection, QueueInspection } from "../../src/ts/api/index.ts";
import { type Disposable, Emitter } from "../../src/ts/lib/emitter.ts";

/** How often the machine is looked at while somebody does. */
const REFRESH_MS = 250;
/** Statistics of the guest's memory cost the guest a little, so they are asked for less often: every so many looks. */
const BALLOON_EVERY = 4;
/** Values that the graphs keep. */
const SAMPLES = 48;

/** The face of a machine that is looked at. */
export interface InspectedMachine {
  inspect(): Promise<MachineInspection>;
  balloon(): Promise<BalloonStatus | null>;
  setBalloon(memoryBytes: number): Promise<BalloonStatus>;
}

/** How busy a queue is: chains returned a second, the newest last. */
export type QueueActivity = readonly number[];

/** Calls `callback` after a delay; the result cancels that. */
export type Delay = (callback: () => void, delayMs: number) => () => void;

const browserDelay: Delay = (callback, delayMs) => {
  const timer = window.setTimeout(callback, delayMs);
  return () => window.clearTimeout(timer);
};

/** What the inspector shows: asked of the machine while the panel is open, and never else. */
export class InspectionStore {
  inspection: MachineInspection | null = null;
  balloon: BalloonStatus | null = null;
  /** Why there is nothing to see: a sentence. */
  trouble: string | null = null;
  /** The picture stands still, to be read; the machine goes on. */
  held = false;
  readonly #emitter = new Emitter<{ change: undefined }>();
  readonly #machine: () => InspectedMachine;
  readonly #delay: Delay;
  readonly #nowMs: () => number;
  readonly #activity = new Map<string, number[]>();
  #takenMs = 0;
  #looks = 0;
  #cancel: (() => void) | null = null;
  #running = false;

  constructor(
    machine: () => InspectedMachine,
    delay: Delay = browserDelay,
    nowMs: () => number = () => performance.now(),
  ) {
    this.#machine = machine;
    this.#delay = delay;
    this.#nowMs = nowMs;
  }

  onChange(listener: () => void): Disposable {
    return this.#emitter.on("change", listener);
  }

  /** Looks at the machine from now on. */
  start(): void {
    if (this.#running) return;
    this.#running = true;
    void this.#look();
  }

  stop(): void {
    this.#running = false;
    this.#cancel?.();
    this.#cancel = null;
  }

  /** Holds the picture, or lets it go on. */
  hold(held: boolean): void {
    this.held = held;
    this.#emitter.emit("change", undefined);
  }

  /** Chains a second of a queue, the newest last. */
  activity(device: number, queue: QueueInspection): QueueActivity {
    return this.#activity.get(key(device, queue)) ?? [];
  }

  /** Asks the guest to make do with so much memory. */
  async setBalloon(memoryBytes: number): Promise<void> {
    try {
      this.balloon = await this.#machine().setBalloon(memoryBytes);
    } catch (error) {
      this.trouble = messageOf(error);
    }
    this.#emitter.emit("change", undefined);
  }

  async #look(): Promise<void> {
    try {
      if (!this.held) await this.#refresh();
      this.trouble = null;
    } catch (error) {
      this.trouble = messageOf(error);
      this.inspection = null;
      this.#activity.clear();
    }
    if (!this.#running) return;
    this.#emitter.emit("change", undefined);
    this.#cancel = this.#delay(() => void this.#look(), REFRESH_MS);
  }

  async #refresh(): Promise<void> {
    const machine = this.#machine();
    const next = await machine.inspect();
    // Held meanwhile: what is on the screen stays.
    if (this.held) return;
    this.#measure(next);
    this.inspection = next;
    if (next.devices.some(({ device }) => device === "virtio-balloon")) {
      if (this.#looks % BALLOON_EVERY === 0) this.balloon = await machine.balloon();
    } else this.balloon = null;
    this.#looks += 1;
  }

  /** Works out from two looks how fast it goes. */
  #measure(next: MachineInspection): void {
    const nowMs = this.#nowMs();
    const elapsedMs = nowMs - this.#takenMs;
    this.#takenMs = nowMs;
    next.devices.forEach((device, index) => {
      const before = this.inspection?.devices[index];
      for (const queue of device.queues) {
        const last = before?.device === device.device ? before.queues[queue.index] : undefined;
        if (queue.ready) this.#note(key(index, queue), perSecond(last, queue, elapsedMs));
      }
    });
  }

  #note(name: string, value: number): void {
    const values = this.#activity.get(name) ?? [];
    values.push(value);
    if (values.length > SAMPLES) values.shift();
    this.#activity.set(name, values);
  }
}

const key = (device: number, { index }: QueueInspection): string => `${device}/${index}`;

function perSecond(last: QueueInspection | undefined, now: QueueInspection, elapsedMs: number): number {
  // The first look has nothing to compare with; another machine's counters have started over.
  const chains = last === undefined ? 0 : now.counts.chainsReturned - last.counts.chainsReturned;
  return elapsedMs > 0 ? (Math.max(0, chains) * 1000) / elapsedMs : 0;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** What a device is called in a list: its id, or what it was made by. */
export function deviceTitle({ id, name }: Pick<DeviceInspection, "id" | "name">): string {
  return id === "" ? name : `${name} (${id})`;
}
