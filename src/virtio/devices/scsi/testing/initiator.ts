/** Who sends SCSI commands in a test: to the device here, or to QEMU's. */

export interface ScsiAnswer {
  /** Response of the transport: VIRTIO_SCSI_S_*. */
  readonly response: number;
  /** Status of the command, GOOD or CHECK CONDITION for example. */
  readonly status: number;
  readonly residual: number;
  /** As many bytes as the device said there are. */
  readonly sense: readonly number[];
  /** The whole data-in buffer, 0xee where nothing was written. */
  readonly data: Uint8Array;
}

export interface ScsiInitiator {
  /** Sends one command and waits for its answer. `lun` has 8 bytes. */
  command(lun: Uint8Array, cdb: readonly number[], dataOut: Uint8Array, dataInBytes: number): Promise<ScsiAnswer>;
}

/** The 8 bytes of a single-level address (virtio 1.4, 5.6.6.1). */
export function lunOf(target: number, lun: number): Uint8Array {
  return Uint8Array.of(1, target, 0x40 | (lun >> 8), lun & 0xff, 0, 0, 0, 0);
}
