/** Carries one block request out, step by step, so that a large one needs no more host memory than a small one. */
import type { Awaitable, BlockBackend } from "../../backends.ts";
import type { Chain, ChainWriter } from "../../chain.ts";
import * as B from "../../spec/blk.ts";
import type { BlkRequest } from "./request.ts";

/** Bytes that one step moves between guest and backend. */
export const SLICE_BYTES = 256 * 1024;

/** What an execution needs from its device. */
export interface BlkHost {
  readonly backend: BlockBackend;
  readonly serial: string;
  /** Whether completed writes must be durable at once. */
  writeThrough(): boolean;
  /** Called before `bytes` are moved; a promise asks to wait until the event loop has had a turn. */
  spend(bytes: number): Awaitable;
  /** A buffer of SLICE_BYTES, to be given back. */
  takeBuffer(): Uint8Array;
  giveBuffer(buffer: Uint8Array): void;
  /** The request is answered: the chain is to be returned with `written` bytes. */
  complete(execution: BlkExecution, written: number): void;
  /** The backend has failed. */
  backendFailed(request: BlkRequest, error: unknown): void;
}

/** One request between its chain being taken and returned. */
export class BlkExecution {
  readonly chain: Chain;
  readonly request: BlkRequest;
  private readonly host: BlkHost;
  private readonly writer: ChainWriter;
  private buffer: Uint8Array | null = null;
  private steps: Iterator<Awaitable> | null = null;

  constructor(host: BlkHost, chain: Chain, request: BlkRequest) {
    this.host = host;
    this.chain = chain;
    this.request = request;
    this.writer = chain.writer();
  }

  /** Runs until the request is complete or waits for the backend. */
  run(): void {
    this.steps ??= this.execute(this.request);
    for (;;) {
      let step: IteratorResult<Awaitable>;
      try {
        step = this.steps.next();
      } catch (error) {
        this.fail(error);
        return;
      }
      if (step.done === true) {
        this.finish(B.VIRTIO_BLK_S_OK);
        return;
      }
      if (step.value !== undefined) {
        step.value.then(
          () => this.resume(),
          (error: unknown) => this.fail(error),
        );
        return;
      }
    }
  }

  /** A dead chain ends the request silently. */
  private resume(): void {
    if (this.chain.live) this.run();
    else this.abandon();
  }

  /** Answers without doing anything. */
  refuse(status: number): void {
    this.finish(status);
  }

  private fail(error: unknown): void {
    this.host.backendFailed(this.request, error);
    this.finish(B.VIRTIO_BLK_S_IOERR);
  }

  /** The chain died while the backend worked: only the buffer is left to be given back. */
  private abandon(): void {
    this.release();
    this.host.complete(this, 0);
  }

  private release(): void {
    if (this.buffer !== null) this.host.giveBuffer(this.buffer);
    this.buffer = null;
  }

  /** The status is the last writable byte; it counts as written only when everything before it was. */
  private finish(status: number): void {
    this.release();
    this.writer.seekFromEnd(B.BLK_REQ_STATUS_SIZE);
    const before = this.writer.written;
    this.writer.write(Uint8Array.of(status));
    const complete = before === this.chain.writableBytes - B.BLK_REQ_STATUS_SIZE;
    this.host.complete(this, complete ? this.writer.written : before);
  }

  private *execute(request: BlkRequest): Generator<Awaitable> {
    switch (request.kind) {
      case "in":
        yield* this.readSlices(request.offset, request.length);
        break;
      case "out":
        for (let done = 0; done < request.length; ) {
          const slice = this.slice(request.length - done);
          yield this.host.spend(slice.length);
          request.data.read(slice);
          yield this.host.backend.write(request.offset + done, slice);
          done += slice.length;
        }
        yield* this.settle();
        break;
      case "flush":
        yield this.host.backend.flush();
        break;
      case "get-id":
        this.writeId();
        break;
      case "discard":
        for (const range of request.ranges) yield this.host.backend.discard(range.offset, range.length);
        yield* this.settle();
        break;
      case "write-zeroes":
        for (const range of request.ranges) {
          yield this.host.backend.writeZeroes(range.offset, range.length, range.unmap);
        }
        yield* this.settle();
        break;
      case "refused":
        break;
    }
  }

  private *readSlices(offset: number, length: number): Generator<Awaitable> {
    for (let done = 0; done < length; ) {
      const slice = this.slice(length - done);
      yield this.host.spend(slice.length);
      yield this.host.backend.read(offset + done, slice);
      this.writer.write(slice);
      done += slice.length;
    }
  }

  private slice(length: number): Uint8Array {
    this.buffer ??= this.host.takeBuffer();
    return this.buffer.subarray(0, Math.min(length, SLICE_BYTES));
  }

  /** Without a writeback cache, a change is durable when it completes (5.2.6.2). */
  private *settle(): Generator<Awaitable> {
    if (this.host.writeThrough()) yield this.host.backend.flush();
  }

  private writeId(): void {
    const id = new Uint8Array(Math.min(B.VIRTIO_BLK_ID_BYTES, this.chain.writableBytes - B.BLK_REQ_STATUS_SIZE));
    id.set(new TextEncoder().encode(this.host.serial).subarray(0, id.length));
    this.writer.write(id);
  }
}
