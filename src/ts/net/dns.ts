/** Answers of the user network's name server (RFC 1035): its own names, and a refusal of all others. */
import { get16, set16 } from "../../virtio/net-packet.ts";
import { formatIpv4, type Ipv4Address } from "./packet.ts";

export const DNS_PORT = 53;

const HEADER_BYTES = 12;
const MAX_NAME_BYTES = 255;
const TYPE_A = 1;
const TYPE_PTR = 12;
const TYPE_ANY = 255;
const CLASS_IN = 1;
const TTL_S = 60;
const FORMAT_ERROR = 1;
const NAME_ERROR = 3;
const NOT_IMPLEMENTED = 4;
const REFUSED = 5;

/** What the network's names are. */
export type HostNames = ReadonlyMap<string, Ipv4Address>;

interface Question {
  /** In lower case, without the dot at the end. */
  readonly name: string;
  readonly type: number;
  readonly class: number;
  /** Where it ends in the message. */
  readonly end: number;
}

/** The answer to a query; null for what is none. */
export function answerDns(query: Uint8Array, names: HostNames): Uint8Array | null {
  if (query.length < HEADER_BYTES || ((query[2] as number) & 0x80) !== 0) return null;
  const opcode = ((query[2] as number) >>> 3) & 15;
  const question = readQuestion(query);
  if (question === null || get16(query, 4) !== 1) return reply(query, null, FORMAT_ERROR);
  if (opcode !== 0) return reply(query, question, NOT_IMPLEMENTED);
  const found = question.class === CLASS_IN ? lookUp(question, names) : REFUSED;
  return typeof found === "number" ? reply(query, question, found) : reply(query, question, 0, found);
}

function readQuestion(query: Uint8Array): Question | null {
  const labels: string[] = [];
  let at = HEADER_BYTES;
  for (;;) {
    const length = query[at];
    // A query's name needs no compression, and pointers could run in circles.
    if (length === undefined || length > 63 || at - HEADER_BYTES > MAX_NAME_BYTES) return null;
    at += 1;
    if (length === 0) break;
    labels.push(String.fromCharCode(...query.subarray(at, at + length)));
    at += length;
  }
  if (at + 4 > query.length) return null;
  return { name: labels.join(".").toLowerCase(), type: get16(query, at), class: get16(query, at + 2), end: at + 4 };
}

/** A record's type and data, an error code, or null for a name without a record of that type. */
function lookUp({ name, type }: Question, names: HostNames): number | null | { type: number; data: number[] } {
  const address = names.get(name);
  if (address !== undefined) {
    if (type !== TYPE_A && type !== TYPE_ANY) return null;
    return { type: TYPE_A, data: formatIpv4(address).split(".").map(Number) };
  }
  const reverse = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.in-addr\.arpa$/.exec(name);
  if (reverse !== null && isLocal(reverse, names)) {
    const text = reverse.slice(1).reverse().join(".");
    const host = [...names].find(([, other]) => formatIpv4(other) === text)?.[0];
    if (host === undefined) return NAME_ERROR;
    if (type !== TYPE_PTR && type !== TYPE_ANY) return null;
    return { type: TYPE_PTR, data: [host.length, ...new TextEncoder().encode(host), 0] };
  }
  // Names of the network have one part; nobody here knows any others.
  return name.includes(".") ? REFUSED : NAME_ERROR;
}

/** Whether a reverse name lies in the network that the names are in. */
function isLocal([, , third, second, first]: readonly string[], names: HostNames): boolean {
  const network = `${first}.${second}.${third}.`;
  return [...names.values()].some((address) => formatIpv4(address).startsWith(network));
}

function reply(
  query: Uint8Array,
  question: Question | null,
  code: number,
  record: { type: number; data: number[] } | null = null,
): Uint8Array {
  const head = query.slice(0, question?.end ?? HEADER_BYTES);
  const tail =
    record === null ? [] : [0xc0, HEADER_BYTES, 0, record.type, 0, CLASS_IN, 0, 0, 0, TTL_S, 0, record.data.length];
  const bytes = Uint8Array.from([...head, ...tail, ...(record?.data ?? [])]);
  bytes[2] = 0x80 | ((query[2] as number) & 0x79) | (code === REFUSED ? 0 : 4);
  bytes[3] = code;
  set16(bytes, 4, question === null ? 0 : 1);
  set16(bytes, 6, record === null ? 0 : 1);
  set16(bytes, 8, 0);
  set16(bytes, 10, 0);
  return bytes;
}
