/** Requests to a server of disk images: tried again where that can help, and never believed without a look. */
import { StorageError } from "./storage-error.ts";

const ATTEMPTS = 5;
const FIRST_DELAY_MS = 300;
/** A connection that is silent for so long is taken for lost. */
const STALL_MS = 30_000;
/** Answers that another attempt may change. */
const PASSING_STATUS: readonly number[] = [408, 425, 429, 500, 502, 503, 504];

export interface HttpSourceHost {
  readonly fetch: typeof fetch;
  /** Whether the server is the page's own: only there If-Range goes without a preflight. */
  readonly sameOrigin: boolean;
  delay(delayMs: number): Promise<void>;
}

/** The server's answer is not what was asked for: another attempt makes no sense. */
export class WrongAnswer extends Error {
  readonly code: "changed" | "damaged" | "failed";

  /** `reason` goes on from "cannot be read:". */
  constructor(code: "changed" | "damaged" | "failed", reason: string) {
    super(reason);
    this.code = code;
  }
}

export interface FetchRequest {
  readonly url: string;
  /** What it is, for errors; a disk image without it. */
  readonly what?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** A longer body is refused; a shorter one too where it is `exact`. */
  readonly lengthBytes: number;
  readonly exact: boolean;
  /** What is wrong with an answer by its headers. */
  check(response: Response): WrongAnswer | null;
}

/** The body of an answer. Rejects with a StorageError after some attempts, or at once where more make no sense. */
export async function fetchBytes(host: HttpSourceHost, request: FetchRequest): Promise<Uint8Array<ArrayBuffer>> {
  let reason = "";
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (attempt > 0) await host.delay(FIRST_DELAY_MS * 2 ** (attempt - 1));
    try {
      const body = await fetchOnce(host, request);
      if (body instanceof Uint8Array) return body;
      reason = body;
    } catch (error) {
      if (error instanceof WrongAnswer) throw cannotRead(request.url, error, request.what);
      // Network errors all look alike; the next attempt shows whether it was a passing one.
      reason = "the server does not answer";
    }
  }
  throw cannotRead(request.url, new WrongAnswer("failed", reason), request.what);
}

/** What the user is told of a wrong answer. */
export function cannotRead(url: string, { code, message, cause }: WrongAnswer, what = "disk image"): StorageError {
  const advice =
    code === "changed"
      ? `Start the machine again with the ${what === "disk image" ? "image" : what} as it is now.`
      : "Look at the server, or use another.";
  return new StorageError(code, `The ${what} ${url} cannot be read: ${message}.`, advice, { cause });
}

/** The bytes, or why another attempt may have more luck. Throws WrongAnswer where it will not. */
async function fetchOnce(host: HttpSourceHost, request: FetchRequest): Promise<Uint8Array<ArrayBuffer> | string> {
  const stall = new AbortController();
  const abort = (): void => stall.abort();
  let timer = setTimeout(abort, STALL_MS);
  const alive = (): void => {
    clearTimeout(timer);
    timer = setTimeout(abort, STALL_MS);
  };
  try {
    const response = await host.fetch(request.url, { headers: { ...request.headers }, signal: stall.signal });
    if (PASSING_STATUS.includes(response.status)) {
      await response.body?.cancel();
      return `the server answers ${response.status}`;
    }
    const wrong = request.check(response);
    if (wrong !== null) {
      await response.body?.cancel();
      throw wrong;
    }
    return await readBody(response, request, alive);
  } finally {
    clearTimeout(timer);
  }
}

/** A server that sends on and on is stopped. */
async function readBody(
  response: Response,
  { lengthBytes, exact }: FetchRequest,
  alive: () => void,
): Promise<Uint8Array<ArrayBuffer> | string> {
  const bytes = new Uint8Array(lengthBytes);
  let done = 0;
  const reader = response.body?.getReader();
  for (;;) {
    const piece = await reader?.read();
    if (piece === undefined || piece.done) break;
    alive();
    if (done + piece.value.length > lengthBytes) {
      await reader?.cancel();
      throw new WrongAnswer("failed", "the server sends more than it was asked for");
    }
    bytes.set(piece.value, done);
    done += piece.value.length;
  }
  if (done === lengthBytes) return bytes;
  return exact ? "the server sends less than it was asked for" : bytes.slice(0, done);
}
