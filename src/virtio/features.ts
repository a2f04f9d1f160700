/** Feature bits: sets of them, and the tables in which devices list theirs. */
import {
  VIRTIO_F_ACCESS_PLATFORM,
  VIRTIO_F_ANY_LAYOUT,
  VIRTIO_F_EVENT_IDX,
  VIRTIO_F_IN_ORDER,
  VIRTIO_F_INDIRECT_DESC,
  VIRTIO_F_NOTIFICATION_DATA,
  VIRTIO_F_NOTIFY_ON_EMPTY,
  VIRTIO_F_RING_PACKED,
  VIRTIO_F_RING_RESET,
  VIRTIO_F_VERSION_1,
} from "./spec/features.ts";

const WORDS = 4;

/** A set of feature bits 0 to 127, kept as the 32-bit words that transports show. */
export class Features {
  private readonly words = new Uint32Array(WORDS);

  static of(...bits: readonly number[]): Features {
    const features = new Features();
    for (const bit of bits) features.add(bit);
    return features;
  }

  has(bit: number): boolean {
    return (((this.words[bit >>> 5] ?? 0) >>> (bit & 31)) & 1) === 1;
  }

  add(bit: number): void {
    this.setWord(bit >>> 5, this.word(bit >>> 5) | (1 << (bit & 31)));
  }

  remove(bit: number): void {
    this.setWord(bit >>> 5, this.word(bit >>> 5) & ~(1 << (bit & 31)));
  }

  clear(): void {
    this.words.fill(0);
  }

  /** Bits 32*index to 32*index+31; 0 past the end. */
  word(index: number): number {
    return this.words[index] ?? 0;
  }

  setWord(index: number, bits: number): void {
    if (index < WORDS) this.words[index] = bits;
  }

  /** Becomes equal to `other`. */
  assign(other: Features): void {
    this.words.set(other.words);
  }

  /** The bits that are in both. */
  and(other: Features): Features {
    const both = new Features();
    for (let index = 0; index < WORDS; ++index) both.setWord(index, this.word(index) & other.word(index));
    return both;
  }

  /** The bits of this set that `other` lacks, as numbers. */
  missingFrom(other: Features): number[] {
    return this.bits().filter((bit) => !other.has(bit));
  }

  bits(): number[] {
    const bits: number[] = [];
    for (let bit = 0; bit < WORDS * 32; ++bit) if (this.has(bit)) bits.push(bit);
    return bits;
  }

  /** The words, for a saved state. */
  toArray(): number[] {
    return Array.from(this.words);
  }
}

/** One line of a feature table. */
export interface FeatureRow {
  readonly bit: number;
  /** The specification's name. */
  readonly name: string;
  /** Bits without which this one must not be acknowledged ("Feature bit requirements"). */
  readonly requires?: readonly number[];
  /** Set when only the legacy, or only the modern, interface has the bit. */
  readonly only?: "legacy" | "modern";
}

/** The reserved bits that the core implements; a transport says which of them it carries. */
export const RING_FEATURES: readonly FeatureRow[] = [
  { bit: VIRTIO_F_NOTIFY_ON_EMPTY, name: "VIRTIO_F_NOTIFY_ON_EMPTY", only: "legacy" },
  { bit: VIRTIO_F_ANY_LAYOUT, name: "VIRTIO_F_ANY_LAYOUT", only: "legacy" },
  { bit: VIRTIO_F_INDIRECT_DESC, name: "VIRTIO_F_INDIRECT_DESC" },
  { bit: VIRTIO_F_EVENT_IDX, name: "VIRTIO_F_EVENT_IDX" },
  { bit: VIRTIO_F_VERSION_1, name: "VIRTIO_F_VERSION_1", only: "modern" },
  { bit: VIRTIO_F_ACCESS_PLATFORM, name: "VIRTIO_F_ACCESS_PLATFORM", only: "modern" },
  { bit: VIRTIO_F_RING_PACKED, name: "VIRTIO_F_RING_PACKED", only: "modern" },
  { bit: VIRTIO_F_IN_ORDER, name: "VIRTIO_F_IN_ORDER", only: "modern" },
  { bit: VIRTIO_F_NOTIFICATION_DATA, name: "VIRTIO_F_NOTIFICATION_DATA", only: "modern" },
  { bit: VIRTIO_F_RING_RESET, name: "VIRTIO_F_RING_RESET", only: "modern" },
];

/** The first row whose bit is in `features` while one that it requires is not, or null. */
export function unmetRequirement(features: Features, rows: readonly FeatureRow[]): FeatureRow | null {
  return rows.find((row) => features.has(row.bit) && row.requires?.some((bit) => !features.has(bit))) ?? null;
}
