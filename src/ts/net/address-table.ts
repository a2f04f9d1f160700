/** Where hardware addresses were seen last, as a switch remembers it. */

/** Addresses that are remembered; then the one that was unheard for longest is forgotten. */
const MAX_ADDRESSES = 1024;

const DESTINATION = 0;
const SOURCE = 6;

/** The address at `at` as a number. */
function addressAt(frame: Uint8Array, at: number): number {
  let value = 0;
  for (let index = at; index < at + 6; ++index) value = value * 256 + (frame[index] as number);
  return value;
}

const isGroup = (frame: Uint8Array, at: number): boolean => ((frame[at] as number) & 1) === 1;

/** Frames that are shown to it have at least the 14 bytes of an Ethernet header. */
export class AddressTable<Place> {
  readonly #places = new Map<number, Place>();

  /** Addresses that are remembered now. */
  get size(): number {
    return this.#places.size;
  }

  /** A frame came from `place`. */
  learn(frame: Uint8Array, place: Place): void {
    if (isGroup(frame, SOURCE)) return;
    const address = addressAt(frame, SOURCE);
    this.#places.delete(address);
    this.#places.set(address, place);
    if (this.#places.size <= MAX_ADDRESSES) return;
    for (const oldest of this.#places.keys()) {
      this.#places.delete(oldest);
      break;
    }
  }

  /** Where a frame has to go; undefined for everywhere. */
  find(frame: Uint8Array): Place | undefined {
    return isGroup(frame, DESTINATION) ? undefined : this.#places.get(addressAt(frame, DESTINATION));
  }

  /** Nobody is at `place` any more. */
  forget(place: Place): void {
    for (const [address, other] of this.#places) if (other === place) this.#places.delete(address);
  }
}
