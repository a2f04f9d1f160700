/** Which slots of a file are taken. The lowest free one is given out first, so that the file's end can be cut off. */
export class SlotMap {
  #taken = new Uint8Array(64);
  /** No free slot is below. */
  #lowest = 0;
  /** All slots from here on are free. */
  #end = 0;

  /** Slots up to the last one that is taken. */
  get end(): number {
    return this.#end;
  }

  allocate(): number {
    let slot = this.#lowest;
    while (this.#taken[slot] === 1) slot++;
    this.take(slot);
    this.#lowest = slot + 1;
    return slot;
  }

  take(slot: number): void {
    if (slot >= this.#taken.length) {
      const larger = new Uint8Array(Math.max(this.#taken.length * 2, slot + 1));
      larger.set(this.#taken);
      this.#taken = larger;
    }
    this.#taken[slot] = 1;
    this.#end = Math.max(this.#end, slot + 1);
  }

  free(slot: number): void {
    this.#taken[slot] = 0;
    this.#lowest = Math.min(this.#lowest, slot);
    while (this.#end > 0 && this.#taken[this.#end - 1] === 0) this.#end--;
  }
}
