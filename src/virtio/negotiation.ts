/** Feature negotiation (virtio 1.4, 2.2): what is offered, what the driver wrote, what holds. */
import { Features, type FeatureRow, RING_FEATURES, unmetRequirement } from "./features.ts";
import { VIRTIO_F_ACCESS_PLATFORM, VIRTIO_F_VERSION_1 } from "./spec/features.ts";
import type { StateReader } from "./state.ts";

/** Which interface a driver speaks. */
export type InterfaceMode = "legacy" | "modern";

/** What decides about an offer. */
export interface OfferSources {
  readonly mode: InterfaceMode;
  /** The reserved bits that the transport carries. */
  readonly transport: Features;
  readonly device: readonly FeatureRow[];
  /** Bits that the user turned off. */
  readonly withheld: readonly number[];
}

export class Negotiation {
  readonly offered = new Features();
  /** As the driver wrote them, also bits that were never offered. */
  readonly driver = new Features();
  readonly negotiated = new Features();
  /** What the bits of this interface are called. */
  rows: readonly FeatureRow[] = [];

  /** Offers what all sources agree on, closed under "requires": drivers refuse a feature that lacks its base. */
  offer({ mode, transport, device, withheld }: OfferSources): void {
    const other = mode === "legacy" ? "modern" : "legacy";
    const ring = RING_FEATURES.filter((row) => transport.has(row.bit));
    this.rows = [...ring, ...device].filter(
      (row) => row.only !== other && !withheld.includes(row.bit) && (mode === "modern" || row.bit < 32),
    );
    this.offered.clear();
    for (const row of this.rows) this.offered.add(row.bit);
    let unmet = unmetRequirement(this.offered, this.rows);
    while (unmet !== null) {
      this.offered.remove(unmet.bit);
      unmet = unmetRequirement(this.offered, this.rows);
    }
  }

  /** Nothing is offered: the device is gone. */
  withdraw(): void {
    this.offered.clear();
    this.rows = [];
  }

  /** Why a modern driver's choice cannot be, or null. */
  refusal(): string | null {
    const unoffered = this.driver.missingFrom(this.offered);
    if (unoffered.length > 0) return `bits ${unoffered.join(", ")} were never offered`;
    if (!this.driver.has(VIRTIO_F_VERSION_1)) return "VIRTIO_F_VERSION_1 is missing";
    // The device's addresses may be restricted or translated: a driver that does not know that is refused, as in QEMU.
    const platform = this.offered.has(VIRTIO_F_ACCESS_PLATFORM) && !this.driver.has(VIRTIO_F_ACCESS_PLATFORM);
    if (platform) return "VIRTIO_F_ACCESS_PLATFORM is missing";
    const unmet = unmetRequirement(this.driver, this.rows);
    return unmet === null ? null : `${unmet.name} without bits ${unmet.requires?.join(", ")}`;
  }

  /** The driver's choice holds from now on, as far as it was offered. */
  conclude(): void {
    this.negotiated.assign(this.driver.and(this.offered));
  }

  /** Device reset. */
  reset(): void {
    this.driver.clear();
    this.negotiated.clear();
  }

  /** Takes the driver's bits of a saved state whose offer must be this one. */
  load(state: StateReader): void {
    state.integers("deviceFeatures", 4, 0xffff_ffff).forEach((bits, word) => {
      if (bits !== this.offered.word(word)) throw state.error("the device offered other features");
    });
    state.integers("driverFeatures", 4, 0xffff_ffff).forEach((bits, word) => {
      this.driver.setWord(word, bits);
    });
  }
}
