/** What a decompressor reads its data from. Both return fewer bytes than asked for only at the end. */
export interface ByteSource {
  /** The next bytes without taking them. */
  peek(count: number): Promise<Uint8Array>;
  /** The next bytes, taken. */
  take(count: number): Promise<Uint8Array>;
}
