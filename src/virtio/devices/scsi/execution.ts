/** One SCSI command between its chain being taken and returned. */
import type { Transfer, ScsiTask, Steps } from "../../../scsi/command.ts";
import type { LogicalUnit } from "../../../scsi/logical-unit.ts";
import { fixedSense, SENSE } from "../../../scsi/sense.ts";
import { CHECK_CONDITION, GOOD } from "../../../scsi/spec.ts";
import type { Awaitable } from "../../backends.ts";
import type { Chain, ChainWriter } from "../../chain.ts";
import * as V from "../../spec/scsi.ts";
import type { CommandRequest } from "./request.ts";

/** Bytes that one step moves between guest and medium. */
export const SLICE_BYTES = 256 * 1024;

/** What an execution needs from its device. */
export interface ExecutionHost {
  /** Called before `bytes` are moved; a promise asks to wait until the event loop has had a turn. */
  spend(bytes: number): Awaitable;
  /** A buffer of SLICE_BYTES, to be given back. */
  takeBuffer(): Uint8Array;
  giveBuffer(buffer: Uint8Array): void;
  /** The command is answered: its chain is to be returned with `written` bytes. */
  complete(execution: Execution, written: number): void;
  /** The medium has failed. */
  mediumFailed(execution: Execution, error: unknown): void;
}

/** What the driver is told in the end. */
interface Answer {
  readonly response: number;
  readonly status: number;
  readonly sense: Uint8Array;
  readonly residual: number;
}

const NO_BYTES = new Uint8Array(0);

export class Execution implements ScsiTask {
  readonly request: CommandRequest;
  readonly unit: LogicalUnit;
  readonly cdb: Uint8Array;
  readonly transfer: Transfer;
  private readonly host: ExecutionHost;
  private readonly data: ChainWriter;
  private buffer: Uint8Array | null = null;
  private steps: Steps | null = null;
  private waiting = false;
  /** The response to give as soon as nothing of the command is under way any more. */
  private abortWith: number | null = null;
  private readonly onEnd: (() => void)[] = [];

  constructor(host: ExecutionHost, request: CommandRequest, unit: LogicalUnit, transfer: Transfer) {
    this.host = host;
    this.request = request;
    this.unit = unit;
    this.cdb = request.cdb;
    this.transfer = transfer;
    this.data = request.chain.writer();
    this.data.seekFromEnd(request.dataInBytes);
  }

  get chain(): Chain {
    return this.request.chain;
  }

  /** Runs until the command is complete or waits for the medium. */
  run(): void {
    this.steps ??= this.unit.execute(this);
    for (;;) {
      let step: ReturnType<Steps["next"]>;
      try {
        step = this.steps.next();
      } catch (error) {
        this.fail(error);
        return;
      }
      if (step.done === true) {
        const sense = step.value;
        if (sense === null)
          this.finish({ response: V.VIRTIO_SCSI_S_OK, status: GOOD, sense: NO_BYTES, residual: this.residual });
        else this.check(fixedSense(sense));
        return;
      }
      if (step.value !== undefined) {
        this.waiting = true;
        step.value.then(
          () => this.resume(),
          (error: unknown) => {
            this.waiting = false;
            this.fail(error);
          },
        );
        return;
      }
    }
  }

  private resume(): void {
    this.waiting = false;
    if (this.abortWith !== null) this.finish(this.failure(this.abortWith));
    // A dead chain ends the command silently.
    else if (this.chain.live) this.run();
    else this.end(0);
  }

  private fail(error: unknown): void {
    this.host.mediumFailed(this, error);
    if (this.abortWith !== null) this.finish(this.failure(this.abortWith));
    else this.check(fixedSense(SENSE.ioProcessTerminated));
  }

  /** Answers `response` as soon as the medium is not at work on the command any more; `then` runs after that. */
  abort(response: number, then: () => void): void {
    this.onEnd.push(then);
    this.abortWith ??= response;
    if (!this.waiting) this.finish(this.failure(this.abortWith));
  }

  /** Bytes of the driver's buffers that were not moved. */
  private get residual(): number {
    const { dataInBytes, dataOut } = this.request;
    return Math.min(0xffff_ffff, dataInBytes > 0 ? this.data.remaining : dataOut.remaining);
  }

  private check(sense: Uint8Array): void {
    this.finish({ response: V.VIRTIO_SCSI_S_OK, status: CHECK_CONDITION, sense, residual: this.residual });
  }

  private failure(response: number): Answer {
    return { response, status: GOOD, sense: NO_BYTES, residual: 0 };
  }

  private finish(answer: Answer): void {
    const headerBytes = writeResponse(this.request, answer);
    this.end(headerBytes === 0 ? 0 : headerBytes + this.data.written);
  }

  private end(written: number): void {
    if (this.buffer !== null) this.host.giveBuffer(this.buffer);
    this.buffer = null;
    this.host.complete(this, written);
    for (const then of this.onEnd) then();
  }

  // ---- What the logical unit calls ----

  read(into: Uint8Array): void {
    this.request.dataOut.read(into);
  }

  write(from: Uint8Array): void {
    this.data.write(from);
  }

  slice(bytes: number): Uint8Array {
    this.buffer ??= this.host.takeBuffer();
    return this.buffer.subarray(0, Math.min(bytes, SLICE_BYTES));
  }

  spend(bytes: number): Awaitable {
    return this.host.spend(bytes);
  }
}

/** Writes the device-writable header and the sense area; returns how many bytes, 0 for a dead chain. */
function writeResponse({ chain, senseSize }: CommandRequest, { response, status, sense, residual }: Answer): number {
  const bytes = new Uint8Array(V.SCSI_RESP_CMD_HEADER_SIZE + senseSize);
  const view = new DataView(bytes.buffer);
  const kept = sense.subarray(0, senseSize);
  view.setUint32(V.SCSI_RESP_CMD_SENSE_LEN, kept.length, true);
  view.setUint32(V.SCSI_RESP_CMD_RESIDUAL, residual, true);
  bytes[V.SCSI_RESP_CMD_STATUS] = status;
  bytes[V.SCSI_RESP_CMD_RESPONSE] = response;
  bytes.set(kept, V.SCSI_RESP_CMD_HEADER_SIZE);
  return chain.writer().write(bytes);
}

/** Answers a command that no unit sees; returns how many bytes were written. */
export function refuse(request: CommandRequest, response: number): number {
  return writeResponse(request, { response, status: GOOD, sense: NO_BYTES, residual: 0 });
}
