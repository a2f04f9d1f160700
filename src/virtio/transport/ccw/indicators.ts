/** Where a virtio-ccw driver looks for what happened: classic indicators, or two stages of adapter indicators (4.3.2.6). */
import type { GuestMemory } from "../../guest-memory.ts";
import { CLASSIC_INDICATOR_BITS } from "../../spec/ccw.ts";
import type { StateReader } from "../../state.ts";

/** Indicators of an adapter: a summary byte, and a bit for each queue in an area that several devices share. */
export interface AdapterArea {
  readonly summary: number;
  readonly indicator: number;
  /** The first queue's bit; bit 0 is the highest of the first byte. */
  readonly bitNr: number;
  readonly isc: number;
}

const CLASSIC_BYTES = CLASSIC_INDICATOR_BITS / 8;

export class Indicators {
  private readonly memory: GuestMemory;
  private queues: number | null = null;
  private config: number | null = null;
  private adapter: AdapterArea | null = null;

  constructor(memory: GuestMemory) {
    this.memory = memory;
  }

  /** Whether the driver uses adapter indicators. */
  get area(): AdapterArea | null {
    return this.adapter;
  }

  /** Which indicators queues have. */
  get kind(): "adapter" | "classic" | "none" {
    if (this.adapter !== null) return "adapter";
    return this.queues === null ? "none" : "classic";
  }

  /** Classic queue indicators, or none for address 0. False when they cannot be: not RAM, or the others are in use. */
  setQueues(address: number): boolean {
    if (this.adapter !== null) return false;
    return this.setClassic(address, (value) => {
      this.queues = value;
    });
  }

  /** Configuration indicators, or none for address 0. False when that is not RAM. */
  setConfig(address: number): boolean {
    return this.setClassic(address, (value) => {
      this.config = value;
    });
  }

  private setClassic(address: number, set: (value: number | null) => void): boolean {
    if (address !== 0 && this.memory.at(address, CLASSIC_BYTES) === 0) return false;
    set(address === 0 ? null : address);
    return true;
  }

  /** Adapter indicators for `queues` queues, or none where both addresses are 0. False when they cannot be. */
  setAdapter(area: AdapterArea, queues: number): boolean {
    if (this.queues !== null) return false;
    if (area.summary === 0 && area.indicator === 0) {
      this.adapter = null;
      return true;
    }
    const first = byteOf(area, 0);
    const bytes = byteOf(area, Math.max(0, queues - 1)) - first + 1;
    if (area.isc > 7 || this.memory.at(area.summary, 1) === 0 || this.memory.at(first, bytes) === 0) return false;
    this.adapter = area;
    return true;
  }

  /** Sets a queue's bit. What to interrupt: the subchannel, an adapter whose summary was clear, or nothing. */
  signalQueue(index: number): "subchannel" | "adapter" | null {
    const { adapter, queues } = this;
    if (adapter !== null) {
      this.setBit(byteOf(adapter, index), 0x80 >> ((adapter.bitNr + index) % 8));
      return this.setBit(adapter.summary, 0x01) === 0 ? "adapter" : null;
    }
    if (queues === null || index >= CLASSIC_INDICATOR_BITS) return null;
    this.setBit(queues + CLASSIC_BYTES - 1 - (index >> 3), 1 << (index & 7));
    return "subchannel";
  }

  /** Sets the configuration bit; whether there is one. */
  signalConfig(): boolean {
    if (this.config === null) return false;
    this.setBit(this.config + CLASSIC_BYTES - 1, 1);
    return true;
  }

  /** Returns the byte as it was. The addresses were checked when they were set. */
  private setBit(gpa: number, mask: number): number {
    const host = this.memory.at(gpa, 1);
    const old = this.memory.readU8(host);
    this.memory.fill(host, 1, old | mask);
    return old;
  }

  clear(): void {
    this.queues = null;
    this.config = null;
    this.adapter = null;
  }

  save(): unknown {
    return { queues: this.queues ?? 0, config: this.config ?? 0, adapter: this.adapter };
  }

  /** Takes a saved state; throws a StateError where the addresses are not RAM here. */
  load(state: StateReader, queues: number): void {
    this.clear();
    const address = (field: string): number => state.integer(field, 0, Number.MAX_SAFE_INTEGER);
    let fits = this.setConfig(address("config")) && this.setQueues(address("queues"));
    if (state.raw("adapter") !== null) {
      const saved = state.section("adapter");
      const [summary, indicator, bitNr] = ["summary", "indicator", "bitNr"].map((field) =>
        saved.integer(field, 0, Number.MAX_SAFE_INTEGER),
      ) as [number, number, number];
      fits = fits && this.setAdapter({ summary, indicator, bitNr, isc: saved.integer("isc", 0, 7) }, queues);
    }
    if (!fits) throw state.error("the indicators are not in memory");
  }
}

/** Guest physical address of the byte with queue `index`'s bit. */
function byteOf({ indicator, bitNr }: AdapterArea, index: number): number {
  return indicator + Math.floor((bitNr + index) / 8);
}
