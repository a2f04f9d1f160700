/**
 * Every message of 9P2000.L that a client may send, with its answer: name, type and fields in their order on the wire.
 * The answer's type is one more than the request's.
 */
import * as P from "../../spec/9p.ts";
import { WireError, WireReader, WireWriter } from "./wire.ts";

/** A kind of field. */
interface Field<Value> {
  read(from: WireReader): Value;
  write(to: WireWriter, value: Value): void;
}

type Fields = Readonly<Record<string, Field<never>>>;
/** What fields hold. */
type Values<Table> = { readonly [Name in keyof Table]: Table[Name] extends Field<infer Value> ? Value : never };

/** What identifies a file to a client: type, version (changes with the contents), and a number of its own. */
export interface Qid {
  readonly type: number;
  readonly version: number;
  readonly path: bigint;
}

const u8: Field<number> = { read: (from) => from.u8(), write: (to, value) => to.u8(value) };
const u16: Field<number> = { read: (from) => from.u16(), write: (to, value) => to.u16(value) };
const u32: Field<number> = { read: (from) => from.u32(), write: (to, value) => to.u32(value) };
const u64: Field<bigint> = { read: (from) => from.u64(), write: (to, value) => to.u64(value) };
const text: Field<string> = { read: (from) => from.text(), write: (to, value) => to.text(value) };

/** Names, with their count before them. More than a walk may have are read all the same, and refused by whoever walks. */
const names: Field<readonly string[]> = {
  read(from) {
    const found: string[] = [];
    for (let left = from.u16(); left > 0; --left) found.push(from.text());
    return found;
  },
  write(to, value) {
    to.u16(value.length);
    for (const name of value) to.text(name);
  },
};

const qid: Field<Qid> = {
  read: (from) => ({ type: from.u8(), version: from.u32(), path: from.u64() }),
  write(to, { type, version, path }) {
    to.u8(type);
    to.u32(version);
    to.u64(path);
  },
};

const qids: Field<readonly Qid[]> = {
  read(from) {
    const found: Qid[] = [];
    for (let left = from.u16(); left > 0; --left) found.push(qid.read(from));
    return found;
  },
  write(to, value) {
    to.u16(value.length);
    for (const item of value) qid.write(to, item);
  },
};

/** Bytes with their count before them, the last field of its message. */
const data: Field<Uint8Array> = {
  read: (from) => from.take(from.u32()),
  write(to, value) {
    to.u32(value.length);
    to.finish(value);
  },
};

interface Message<Request, Reply> {
  readonly type: number;
  readonly request: Request;
  readonly reply: Reply;
}

function message<Request, Reply>(type: number, request: Request, reply: Reply): Message<Request, Reply> {
  return { type, request, reply };
}

const NOTHING = {};

export const MESSAGES = {
  statfs: message(
    8,
    { fid: u32 },
    {
      type: u32,
      bsize: u32,
      blocks: u64,
      bfree: u64,
      bavail: u64,
      files: u64,
      ffree: u64,
      fsid: u64,
      namelen: u32,
    },
  ),
  lopen: message(12, { fid: u32, flags: u32 }, { qid, iounit: u32 }),
  lcreate: message(14, { fid: u32, name: text, flags: u32, mode: u32, gid: u32 }, { qid, iounit: u32 }),
  symlink: message(16, { fid: u32, name: text, target: text, gid: u32 }, { qid }),
  mknod: message(18, { dfid: u32, name: text, mode: u32, major: u32, minor: u32, gid: u32 }, { qid }),
  rename: message(20, { fid: u32, dfid: u32, name: text }, NOTHING),
  readlink: message(22, { fid: u32 }, { target: text }),
  getattr: message(
    24,
    { fid: u32, mask: u64 },
    {
      valid: u64,
      qid,
      mode: u32,
      uid: u32,
      gid: u32,
      nlink: u64,
      rdev: u64,
      size: u64,
      blksize: u64,
      blocks: u64,
      atimeSec: u64,
      atimeNsec: u64,
      mtimeSec: u64,
      mtimeNsec: u64,
      ctimeSec: u64,
      ctimeNsec: u64,
      btimeSec: u64,
      btimeNsec: u64,
      gen: u64,
      dataVersion: u64,
    },
  ),
  setattr: message(
    26,
    {
      fid: u32,
      valid: u32,
      mode: u32,
      uid: u32,
      gid: u32,
      size: u64,
      atimeSec: u64,
      atimeNsec: u64,
      mtimeSec: u64,
      mtimeNsec: u64,
    },
    NOTHING,
  ),
  xattrwalk: message(30, { fid: u32, newfid: u32, name: text }, { size: u64 }),
  xattrcreate: message(32, { fid: u32, name: text, size: u64, flags: u32 }, NOTHING),
  readdir: message(40, { fid: u32, offset: u64, count: u32 }, { data }),
  fsync: message(50, { fid: u32, datasync: u32 }, NOTHING),
  lock: message(
    52,
    { fid: u32, type: u8, flags: u32, start: u64, length: u64, procId: u32, clientId: text },
    { status: u8 },
  ),
  getlock: message(
    54,
    { fid: u32, type: u8, start: u64, length: u64, procId: u32, clientId: text },
    { type: u8, start: u64, length: u64, procId: u32, clientId: text },
  ),
  link: message(70, { dfid: u32, fid: u32, name: text }, NOTHING),
  mkdir: message(72, { dfid: u32, name: text, mode: u32, gid: u32 }, { qid }),
  renameat: message(74, { olddirfid: u32, oldname: text, newdirfid: u32, newname: text }, NOTHING),
  unlinkat: message(76, { dirfd: u32, name: text, flags: u32 }, NOTHING),
  version: message(100, { msize: u32, version: text }, { msize: u32, version: text }),
  auth: message(102, { afid: u32, uname: text, aname: text, nUname: u32 }, { qid }),
  attach: message(104, { fid: u32, afid: u32, uname: text, aname: text, nUname: u32 }, { qid }),
  flush: message(108, { oldtag: u16 }, NOTHING),
  walk: message(110, { fid: u32, newfid: u32, names }, { qids }),
  read: message(116, { fid: u32, offset: u64, count: u32 }, { data }),
  write: message(118, { fid: u32, offset: u64, data }, { count: u32 }),
  clunk: message(120, { fid: u32 }, NOTHING),
  remove: message(122, { fid: u32 }, NOTHING),
} as const;

export type MessageName = keyof typeof MESSAGES;
export type RequestOf<Name extends MessageName> = Values<(typeof MESSAGES)[Name]["request"]>;
export type ReplyOf<Name extends MessageName> = Values<(typeof MESSAGES)[Name]["reply"]>;

const BY_TYPE: ReadonlyMap<number, MessageName> = new Map(
  Object.entries(MESSAGES).map(([name, { type }]) => [type, name as MessageName]),
);

/** The request of that type, or null where 9P2000.L has none. */
export function messageOfType(type: number): MessageName | null {
  return BY_TYPE.get(type) ?? null;
}

/** A message's header and what follows it. */
export interface Frame {
  readonly type: number;
  readonly tag: number;
  readonly body: Uint8Array;
}

/** Reads fields. Throws a WireError unless the body is exactly them. */
function readFields<Table extends object>(table: Table, body: Uint8Array): Values<Table> {
  const reader = new WireReader(body);
  const values: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(table as Fields)) values[name] = field.read(reader);
  if (reader.remaining > 0) throw new WireError(`${reader.remaining} bytes are left over`);
  return values as Values<Table>;
}

function writeFields(table: object, values: Readonly<Record<string, unknown>>, to: WireWriter): void {
  for (const [name, field] of Object.entries(table as Fields)) field.write(to, values[name] as never);
}

function begin(type: number, tag: number): WireWriter {
  const writer = new WireWriter();
  writer.u32(0);
  writer.u8(type);
  writer.u16(tag);
  return writer;
}

/** The fields of a request. Throws a WireError. */
export function decodeRequest<Name extends MessageName>(name: Name, body: Uint8Array): RequestOf<Name> {
  return readFields(MESSAGES[name].request, body);
}

/** An answer in pieces that follow each other. */
export function encodeReply<Name extends MessageName>(name: Name, tag: number, reply: ReplyOf<Name>): Uint8Array[] {
  const { type, reply: table } = MESSAGES[name];
  const writer = begin(type + 1, tag);
  writeFields(table, reply, writer);
  return writer.pieces();
}

/** The answer that refuses: an error number of Linux. */
export function encodeError(tag: number, errno: number): Uint8Array[] {
  const writer = begin(P.P9_RLERROR, tag);
  writer.u32(errno);
  return writer.pieces();
}

/** What a client sends. */
export function encodeRequest<Name extends MessageName>(
  name: Name,
  tag: number,
  request: RequestOf<Name>,
): Uint8Array[] {
  const { type, request: table } = MESSAGES[name];
  const writer = begin(type, tag);
  writeFields(table, request, writer);
  return writer.pieces();
}

/** What a client reads of an answer. Throws a WireError. */
export function decodeReply<Name extends MessageName>(name: Name, body: Uint8Array): ReplyOf<Name> {
  return readFields(MESSAGES[name].reply, body);
}
