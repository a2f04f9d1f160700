/** Answers of the user network's clock (RFC 5905): the host's time. */
import { set32 } from "./packet.ts";

export const NTP_PORT = 123;

const PACKET_BYTES = 48;
const MODE_CLIENT = 3;
const MODE_SERVER = 4;
/** Seconds from 1900 to 1970. */
const EPOCH_S = 2_208_988_800;

/** The answer to a client at `wallMs`, Unix time in milliseconds; null for what is no client's request. */
export function answerNtp(request: Uint8Array, wallMs: number): Uint8Array | null {
  const first = request[0] ?? 0;
  const version = (first >>> 3) & 7;
  if (request.length < PACKET_BYTES || (first & 7) !== MODE_CLIENT || version < 1 || version > 4) return null;
  const reply = new Uint8Array(PACKET_BYTES);
  // The clock of the host, which some server has set: stratum 2. Its precision is a millisecond, 2^-10 s.
  reply.set([(version << 3) | MODE_SERVER, 2, request[2] ?? 0, 256 - 10]);
  reply.set([0, 0, 0, 66], 8);
  reply.set([127, 0, 0, 1], 12);
  setTime(reply, 16, wallMs);
  reply.set(request.subarray(40, 48), 24);
  setTime(reply, 32, wallMs);
  setTime(reply, 40, wallMs);
  return reply;
}

function setTime(bytes: Uint8Array, at: number, wallMs: number): void {
  const seconds = Math.floor(wallMs / 1000);
  set32(bytes, at, (seconds + EPOCH_S) % 2 ** 32);
  set32(bytes, at + 4, Math.floor(((wallMs - seconds * 1000) / 1000) * 2 ** 32));
}
