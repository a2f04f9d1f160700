/** What SCSI needs from whoever carries its commands and keeps its data. */

/** Nothing when it is done, else a promise; a rejected one or an exception is an error of the host. */
export type Awaitable = void | Promise<void>;

/** What is in a drive. Offsets and lengths are bytes, inside `sizeBytes` and on 512-byte boundaries. */
export interface ScsiMedium {
  readonly sizeBytes: number;
  readonly readOnly: boolean;
  read(offset: number, into: Uint8Array): Awaitable;
  write(offset: number, from: Uint8Array): Awaitable;
  /** Makes every write durable that completed before this call. */
  flush(): Awaitable;
  discard(offset: number, length: number): Awaitable;
  writeZeroes(offset: number, length: number, mayUnmap: boolean): Awaitable;
}
