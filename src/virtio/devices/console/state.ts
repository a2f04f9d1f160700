/** The saved part of a console device: its ports, and what waits in either direction. */
import { type SavedState, StateReader } from "../../state.ts";

export interface PortState {
  readonly nr: number;
  readonly guestOpen: boolean;
  readonly hostOpen: boolean;
  /** Input bytes that the guest has not received. */
  readonly waiting: readonly number[];
  /** Bytes of the transmit chain in flight that were sent. */
  readonly sentBytes: number;
}

export interface ConsoleState extends SavedState {
  readonly driverReady: boolean;
  /** Control messages that wait for a buffer. */
  readonly control: readonly { readonly bytes: readonly number[] }[];
  readonly ports: readonly PortState[];
}

const NAME = "virtio-serial";
const VERSION = 1;

export function saveConsole(state: Omit<ConsoleState, "name" | "version">): ConsoleState {
  return { name: NAME, version: VERSION, ...state };
}

export function loadConsole(value: unknown, maxPorts: number): ConsoleState {
  const state = StateReader.open(value, NAME, VERSION);
  return {
    name: NAME,
    version: VERSION,
    driverReady: state.boolean("driverReady"),
    control: state.list("control").map((message) => ({ bytes: message.integers("bytes", -1, 0xff) })),
    ports: state.list("ports").map((port) => ({
      nr: port.integer("nr", 0, maxPorts - 1),
      guestOpen: port.boolean("guestOpen"),
      hostOpen: port.boolean("hostOpen"),
      waiting: port.integers("waiting", -1, 0xff),
      sentBytes: port.integer("sentBytes", 0, 0xffff_ffff),
    })),
  };
}
