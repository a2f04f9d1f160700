/** The client's side of 9P for tests: requests as values, refusals as the names of error numbers. */
import {
  decodeReply,
  encodeRequest,
  type MessageName,
  MESSAGES,
  type ReplyOf,
  type RequestOf,
} from "../devices/9p/messages.ts";
import { ERRNO, P9_HEADER_SIZE, P9_NOFID, P9_NOTAG, P9_RLERROR, P9_VERSION } from "../spec/9p.ts";

/** A refusal; the message is the error's name. */
export class Refusal extends Error {}

/** Sends a message and gives its answer, null where it came back empty. */
export type Exchange = (message: Uint8Array, room: number) => Promise<Uint8Array | null>;

export function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

/** Name of an error number. */
export function errnoName(errno: number): string {
  return Object.entries(ERRNO).find(([, value]) => value === errno)?.[0] ?? `errno ${errno}`;
}

/** The fields of an answer to a request. Throws a Refusal. */
export function readAnswer<Name extends MessageName>(
  name: Name,
  tag: number,
  answer: Uint8Array | null,
): ReplyOf<Name> {
  if (answer === null) throw new Refusal("no answer");
  const view = new DataView(answer.buffer, answer.byteOffset, answer.byteLength);
  if (view.getUint32(0, true) !== answer.length) throw new Error("the answer has another size than it says");
  if (view.getUint16(5, true) !== tag) throw new Error("the answer has another tag");
  const type = view.getUint8(4);
  if (type === P9_RLERROR) throw new Refusal(errnoName(view.getUint32(P9_HEADER_SIZE, true)));
  if (type !== MESSAGES[name].type + 1) throw new Error(`T${name} was answered with type ${type}`);
  return decodeReply(name, answer.subarray(P9_HEADER_SIZE));
}

export class NinePClient {
  msize = 65_536;
  private readonly exchange: Exchange;
  private tag = 0;

  constructor(exchange: Exchange) {
    this.exchange = exchange;
  }

  nextTag(): number {
    this.tag = (this.tag + 1) % P9_NOTAG;
    return this.tag;
  }

  async call<Name extends MessageName>(
    name: Name,
    request: RequestOf<Name>,
    tag = this.nextTag(),
  ): Promise<ReplyOf<Name>> {
    return readAnswer(name, tag, await this.exchange(joined(encodeRequest(name, tag, request)), this.msize));
  }

  /** Agrees on a version and attaches the root as fid 0. */
  async start(msize = 65_536): Promise<void> {
    this.msize = msize;
    await this.call("version", { msize, version: P9_VERSION }, P9_NOTAG);
    await this.call("attach", { fid: 0, afid: P9_NOFID, uname: "root", aname: "", nUname: 0 });
  }

  /** A new fid for a path from the root. */
  async walk(newfid: number, path: string): Promise<void> {
    const names = path.split("/").filter((name) => name !== "");
    const { qids } = await this.call("walk", { fid: 0, newfid, names });
    if (qids.length < names.length) throw new Refusal("ENOENT");
  }

  /** Makes a file and leaves it open for reading and writing. */
  async create(fid: number, path: string, content = ""): Promise<void> {
    const cut = path.lastIndexOf("/");
    await this.walk(fid, path.slice(0, Math.max(0, cut)));
    await this.call("lcreate", { fid, name: path.slice(cut + 1), flags: 0o102, mode: 0o644, gid: 0 });
    if (content !== "") await this.write(fid, 0, content);
  }

  async write(fid: number, offset: number, content: string): Promise<number> {
    return (await this.call("write", { fid, offset: BigInt(offset), data: new TextEncoder().encode(content) })).count;
  }

  async read(fid: number, offset = 0, count = 1000): Promise<string> {
    const { data } = await this.call("read", { fid, offset: BigInt(offset), count });
    return new TextDecoder().decode(data);
  }

  /** The whole contents of a file, by a fid that is free before and after. */
  async contents(path: string, fid = 9999): Promise<string> {
    await this.walk(fid, path);
    try {
      await this.call("lopen", { fid, flags: 0 });
      let text = "";
      for (;;) {
        const piece = await this.read(fid, text.length, 4096);
        if (piece === "") return text;
        text += piece;
      }
    } finally {
      await this.call("clunk", { fid });
    }
  }

  /** Names in a directory, with "." and "..". */
  async names(path: string, count = 4096, fid = 9999): Promise<string[]> {
    await this.walk(fid, path);
    try {
      await this.call("lopen", { fid, flags: 0 });
      const names: string[] = [];
      for (let offset = 0n; ; ) {
        const { data } = await this.call("readdir", { fid, offset, count });
        if (data.length === 0) return names;
        for (const entry of directoryEntries(data)) {
          names.push(entry.name);
          offset = entry.offset;
        }
      }
    } finally {
      await this.call("clunk", { fid });
    }
  }
}

/** Entries of Rreaddir. */
export function directoryEntries(data: Uint8Array): { name: string; offset: bigint; type: number; path: bigint }[] {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const entries = [];
  for (let at = 0; at < data.length; ) {
    const length = view.getUint16(at + 22, true);
    const name = new TextDecoder().decode(data.subarray(at + 24, at + 24 + length));
    entries.push({
      name,
      path: view.getBigUint64(at + 5, true),
      offset: view.getBigUint64(at + 13, true),
      type: view.getUint8(at + 21),
    });
    at += 24 + length;
  }
  return entries;
}
