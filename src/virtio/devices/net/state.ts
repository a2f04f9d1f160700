/** The saved part of a network card. Packets under way are not in it: a network may lose them. */
import { type SavedState, StateReader } from "../../state.ts";
import { type AddressList, MAC_TABLE_ENTRIES, type ReceiveFilter, RX_MODES, VLANS } from "./filter.ts";

export interface NetState extends SavedState {
  /** One for each of RX_MODES. */
  readonly modes: readonly number[];
  readonly unicast: readonly number[];
  readonly unicastOverflow: boolean;
  readonly multicast: readonly number[];
  readonly multicastOverflow: boolean;
  /** VLANs that are let through, and whether there is a filter at all. */
  readonly vlans: readonly number[];
  readonly filtersVlans: boolean;
  readonly offloads: number;
}

const NAME = "virtio-net";
const VERSION = 1;

export function saveNet(filter: ReceiveFilter, offloads: number): NetState {
  return {
    name: NAME,
    version: VERSION,
    modes: RX_MODES.map((mode) => (filter.modes.get(mode) === true ? 1 : 0)),
    unicast: [...(filter.unicast ?? [])],
    unicastOverflow: filter.unicast === null,
    multicast: [...(filter.multicast ?? [])],
    multicastOverflow: filter.multicast === null,
    vlans: [...(filter.vlans ?? [])],
    filtersVlans: filter.vlans !== null,
    offloads,
  };
}

/** Takes a saved filter; returns the GUEST_* offloads. */
export function loadNet(value: unknown, filter: ReceiveFilter): number {
  const state = StateReader.open(value, NAME, VERSION);
  const modes = state.integers("modes", RX_MODES.length, 1);
  for (const [index, mode] of RX_MODES.entries()) filter.modes.set(mode, modes[index] === 1);
  filter.unicast = loadAddresses(state, "unicast");
  filter.multicast = loadAddresses(state, "multicast");
  const vlans = state.integers("vlans", -1, VLANS - 1);
  filter.vlans = state.boolean("filtersVlans") ? new Set(vlans) : null;
  return state.integer("offloads", 0, 0xffff_ffff);
}

function loadAddresses(state: StateReader, field: "unicast" | "multicast"): AddressList {
  const addresses = state.integers(field, -1, 2 ** 48 - 1);
  if (addresses.length > MAC_TABLE_ENTRIES) throw state.error(`${field} has more than ${MAC_TABLE_ENTRIES} addresses`);
  return state.boolean(`${field}Overflow`) ? null : new Set(addresses);
}
