/** A command request, parsed from its chain before anything is done about it. */
import type { Chain, ChainReader } from "../../chain.ts";
import * as V from "../../spec/scsi.ts";
import { type LunAddress, parseLun } from "./lun.ts";

export interface CommandRequest {
  readonly chain: Chain;
  readonly address: LunAddress;
  /** The driver's name for the command, to abort it by. */
  readonly id: bigint;
  /** As many bytes as cdb_size says. */
  readonly cdb: Uint8Array;
  /** A cursor over the data that the driver sends. */
  readonly dataOut: ChainReader;
  /** Room for data after the response. */
  readonly dataInBytes: number;
  /** Bytes of the sense area. */
  readonly senseSize: number;
}

/** What the driver may have written into the configuration. */
export interface RequestSizes {
  readonly cdbSize: number;
  readonly senseSize: number;
}

/** Parses the chain, or returns null when there is no complete header, or no room for the response. */
export function parseCommand(chain: Chain, { cdbSize, senseSize }: RequestSizes): CommandRequest | null {
  const responseBytes = V.SCSI_RESP_CMD_HEADER_SIZE + senseSize;
  const requestBytes = V.SCSI_REQ_CMD_HEADER_SIZE + cdbSize;
  if (chain.readableBytes < requestBytes || chain.writableBytes < responseBytes) return null;
  const dataOut = chain.reader();
  const header = dataOut.take(requestBytes);
  return {
    chain,
    address: parseLun(header.subarray(0, V.SCSI_LUN_SIZE)),
    id: new DataView(header.buffer).getBigUint64(V.SCSI_REQ_CMD_ID, true),
    cdb: header.subarray(V.SCSI_REQ_CMD_HEADER_SIZE),
    dataOut,
    dataInBytes: chain.writableBytes - responseBytes,
    senseSize,
  };
}

/** A control request. */
export type ControlRequest =
  | { readonly kind: "tmf"; readonly subtype: number; readonly address: LunAddress; readonly id: bigint }
  | {
      readonly kind: "an";
      readonly subscribe: boolean;
      readonly address: LunAddress;
      /** VIRTIO_SCSI_EVT_ASYNC_* bits. */
      readonly events: number;
    }
  | { readonly kind: "unknown"; readonly type: number };

/** Parses a chain of the control queue; null when it is too short for what it is, either way. */
export function parseControl(chain: Chain): ControlRequest | null {
  const bytes = chain.reader().take(V.SCSI_CTRL_TMF_REQ_SIZE);
  const view = new DataView(bytes.buffer);
  if (bytes.length < V.SCSI_CTRL_TYPE_SIZE) return null;
  const type = view.getUint32(0, true);
  switch (type) {
    case V.VIRTIO_SCSI_T_TMF:
      if (bytes.length < V.SCSI_CTRL_TMF_REQ_SIZE || chain.writableBytes < V.SCSI_CTRL_TMF_RESP_SIZE) return null;
      return {
        kind: "tmf",
        subtype: view.getUint32(4, true),
        address: parseLun(bytes.subarray(8, 16)),
        id: view.getBigUint64(16, true),
      };
    case V.VIRTIO_SCSI_T_AN_QUERY:
    case V.VIRTIO_SCSI_T_AN_SUBSCRIBE:
      if (bytes.length < V.SCSI_CTRL_AN_REQ_SIZE || chain.writableBytes < V.SCSI_CTRL_AN_RESP_SIZE) return null;
      return {
        kind: "an",
        subscribe: type === V.VIRTIO_SCSI_T_AN_SUBSCRIBE,
        address: parseLun(bytes.subarray(4, 12)),
        events: view.getUint32(12, true),
      };
    default:
      return { kind: "unknown", type };
  }
}
