/** What was typed and the guest's serial port has no room for yet. */
export class InputQueue {
  #chunks: Uint8Array[] = [];

  get empty(): boolean {
    return this.#chunks.length === 0;
  }

  push(bytes: Uint8Array): void {
    if (bytes.length > 0) this.#chunks.push(bytes);
  }

  clear(): void {
    this.#chunks = [];
  }

  /** Offers bytes to `receive` until it has room for no more; says whether it took any. */
  drain(receive: (bytes: Uint8Array) => number): boolean {
    let took = false;
    for (let chunk = this.#chunks[0]; chunk !== undefined; chunk = this.#chunks[0]) {
      const count = receive(chunk);
      if (count > 0) took = true;
      if (count < chunk.length) {
        this.#chunks[0] = chunk.subarray(count);
        break;
      }
      this.#chunks.shift();
    }
    return took;
  }
}
