/** A queue of characters of fixed capacity: the UART's receive FIFO, and what waits in front of it. */

/** First in, first out; nothing is allocated after it is made. */
export class CharacterRing {
  readonly #characters: Uint16Array;
  #head = 0;
  #length = 0;

  constructor(capacity: number) {
    this.#characters = new Uint16Array(capacity);
  }

  get capacity(): number {
    return this.#characters.length;
  }

  get length(): number {
    return this.#length;
  }

  /** Adds a character; the caller has seen that there is room. */
  push(character: number): void {
    if (this.#length === this.capacity) throw new RangeError("The character ring is full.");
    this.#characters[(this.#head + this.#length) % this.capacity] = character;
    this.#length++;
  }

  /** Takes the oldest character; 0 where there is none. */
  shift(): number {
    if (this.#length === 0) return 0;
    const character = this.#characters[this.#head] ?? 0;
    this.#head = (this.#head + 1) % this.capacity;
    this.#length--;
    return character;
  }

  clear(): void {
    this.#head = 0;
    this.#length = 0;
  }

  /** The characters, oldest first. */
  toArray(): number[] {
    return Array.from(
      { length: this.#length },
      (_, index) => this.#characters[(this.#head + index) % this.capacity] ?? 0,
    );
  }

  /** Replaces the content. */
  load(characters: readonly number[]): void {
    this.clear();
    for (const character of characters) this.push(character);
  }
}
