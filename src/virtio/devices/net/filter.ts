/** Which frames reach the guest: what the control queue's RX, MAC and VLAN commands set (5.1.6.5.1 to 5.1.6.5.3). */

/** Addresses kept of each list; with more, every address of that kind is let through, as 5.1.6.5.2 allows. */
export const MAC_TABLE_ENTRIES = 64;
export const VLANS = 4096;

export const RX_MODES = [
  "promiscuous",
  "allMulticast",
  "allUnicast",
  "noMulticast",
  "noUnicast",
  "noBroadcast",
] as const;
export type RxMode = (typeof RX_MODES)[number];

const VLAN_ETHERTYPE = 0x8100;

/** An address as a number. */
export function macNumber(bytes: Uint8Array, at = 0): number {
  let value = 0;
  for (let index = 0; index < 6; ++index) value = value * 256 + (bytes[at + index] ?? 0);
  return value;
}

const BROADCAST = 2 ** 48 - 1;

/** Addresses of one list, or null when there were too many. */
export type AddressList = ReadonlySet<number> | null;

export class ReceiveFilter {
  readonly modes = new Map<RxMode, boolean>();
  unicast: AddressList = new Set();
  multicast: AddressList = new Set();
  /** VLANs that are let through; null for all. */
  vlans: Set<number> | null = null;

  constructor() {
    this.reset();
  }

  /** As after a device reset: everything is let through. */
  reset(): void {
    for (const mode of RX_MODES) this.modes.set(mode, mode === "promiscuous");
    this.unicast = new Set();
    this.multicast = new Set();
    this.vlans = null;
  }

  private is(mode: RxMode): boolean {
    return this.modes.get(mode) === true;
  }

  /** Whether a frame is for a card with the address `own`. */
  accepts(frame: Uint8Array, own: number): boolean {
    if (this.is("promiscuous")) return true;
    const isTagged = (((frame[12] ?? 0) << 8) | (frame[13] ?? 0)) === VLAN_ETHERTYPE;
    const vlan = (((frame[14] ?? 0) & 15) << 8) | (frame[15] ?? 0);
    if (isTagged && this.vlans !== null && !this.vlans.has(vlan)) return false;
    const to = macNumber(frame);
    if (to === BROADCAST) return !this.is("noBroadcast");
    if (((frame[0] ?? 0) & 1) === 1) {
      if (this.is("noMulticast")) return false;
      return this.is("allMulticast") || this.multicast === null || this.multicast.has(to);
    }
    if (this.is("noUnicast")) return false;
    return this.is("allUnicast") || to === own || this.unicast === null || this.unicast.has(to);
  }
}
