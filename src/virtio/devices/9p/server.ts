/**
 * A server of 9P2000.L over one tree, for one client. Every message is answered, whatever is in it; requests run beside each
 * other and are answered in the order in which they end.
 */
import type { DeviceLog } from "../../environment.ts";
import type { FileTree } from "../../file-tree.ts";
import * as P from "../../spec/9p.ts";
import { ATTRIBUTE_HANDLERS } from "./handlers/attributes.ts";
import { FILE_HANDLERS } from "./handlers/files.ts";
import type { Call, Handlers } from "./handlers/handler.ts";
import { NAME_HANDLERS } from "./handlers/names.ts";
import { WALK_HANDLERS } from "./handlers/walk.ts";
import {
  decodeRequest,
  encodeError,
  encodeReply,
  type MessageName,
  messageOfType,
  type RequestOf,
} from "./messages.ts";
import { MAX_MSIZE, MIN_MSIZE, Session } from "./session.ts";
import { type NinePState, restoreSession, saveSession } from "./state.ts";
import { type Outcome, refuse, Run, type Steps } from "./steps.ts";
import { WireError } from "./wire.ts";

/** Takes an answer: pieces that follow each other, or null where there is no room for any answer. */
export type Answer = (pieces: readonly Uint8Array[] | null) => void;

/** Those that the server answers by itself: what they are about is not one session's. */
type OwnMessage = "version" | "flush";

const HANDLERS: Handlers<Exclude<MessageName, OwnMessage>> = {
  ...WALK_HANDLERS,
  ...FILE_HANDLERS,
  ...NAME_HANDLERS,
  ...ATTRIBUTE_HANDLERS,
};

/** Requests that change nothing: with Tflush they end at once, whatever they wait for. */
const ABANDONABLE: readonly MessageName[] = ["walk", "read", "readdir", "getattr", "readlink", "statfs", "xattrwalk"];

/** A request that is not answered yet. */
interface Pending {
  readonly name: MessageName;
  readonly run: Run<readonly Uint8Array[]>;
  /** Called when it is answered. */
  readonly onAnswered: (() => void)[];
}

export class NinePServer {
  readonly tree: FileTree;
  private readonly log: DeviceLog;
  private session: Session;
  private pending = new Map<number, Pending>();

  constructor(tree: FileTree, log: DeviceLog) {
    this.tree = tree;
    this.log = log;
    this.session = this.newSession();
  }

  /** Largest message, as the client and the server agreed. */
  get msize(): number {
    return this.session.msize;
  }

  private newSession(): Session {
    return new Session(this.tree, (error) => {
      const what = error instanceof Error ? error.message : String(error);
      this.log.hostError("virtio-9p", `A shared file could not be used: ${what}`);
    });
  }

  /** Forgets the client: its fids are given up. What is under way is answered, and changes nothing any more. */
  reset(): void {
    this.session.end();
    this.session = this.newSession();
    this.pending = new Map();
  }

  /**
   * Takes one message, whole: its size is that of `bytes`. The answer has at most `room` bytes; it comes at once or
   * later, exactly once.
   */
  receive(bytes: Uint8Array, room: number, answer: Answer): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const type = view.getUint8(4);
    const tag = view.getUint16(5, true);
    const name = messageOfType(type);
    if (name === null) {
      this.refuseEarly(`type ${type}`, tag, "EOPNOTSUPP", { room, answer });
      return;
    }
    if (this.pending.has(tag)) {
      this.refuseEarly(`tag ${tag} is in use`, tag, "EINVAL", { room, answer });
      return;
    }
    let request: RequestOf<MessageName>;
    try {
      request = decodeRequest(name, bytes.subarray(P.P9_HEADER_SIZE));
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.refuseEarly(`T${name}: ${error.message}`, tag, "EINVAL", { room, answer });
      return;
    }
    this.run(name, tag, request, { room, answer });
  }

  /** Refuses what is no proper message. */
  refuseEarly(why: string, tag: number, errno: keyof typeof P.ERRNO, to: { room: number; answer: Answer }): void {
    this.log.guestError("virtio-9p: message refused", why);
    to.answer(fitting(encodeError(tag, P.ERRNO[errno]), tag, to.room));
  }

  private run(
    name: MessageName,
    tag: number,
    request: RequestOf<MessageName>,
    { room, answer }: { room: number; answer: Answer },
  ): void {
    const { session, pending } = this;
    const call: Call = { session, room: Math.min(room, session.msize) };
    const entry: Pending = {
      name,
      run: new Run(this.steps(name, tag, request, call), (outcome: Outcome<readonly Uint8Array[]>) => {
        pending.delete(tag);
        const pieces = "value" in outcome ? outcome.value : encodeError(tag, P.ERRNO[outcome.refusal.errno]);
        answer(fitting(pieces, tag, room));
        for (const listener of entry.onAnswered) listener();
      }),
      onAnswered: [],
    };
    pending.set(tag, entry);
    entry.run.start();
  }

  private *steps(
    name: MessageName,
    tag: number,
    request: RequestOf<MessageName>,
    call: Call,
  ): Steps<readonly Uint8Array[]> {
    if (name === "version") return this.version(tag, request as RequestOf<"version">);
    if (name === "flush") return yield* this.flush(tag, request as RequestOf<"flush">);
    // One handler of the table; what it takes and gives belongs to its name.
    const handler = HANDLERS[name] as (request: unknown, call: Call) => Steps<never>;
    return encodeReply(name, tag, yield* handler(request, call));
  }

  /** A new session, whatever was before. */
  private version(tag: number, { msize, version }: RequestOf<"version">): readonly Uint8Array[] {
    if (msize < MIN_MSIZE) return refuse("EMSGSIZE");
    this.reset();
    const isKnown = version === P.P9_VERSION;
    this.session.msize = Math.min(msize, MAX_MSIZE);
    return encodeReply("version", tag, {
      msize: this.session.msize,
      version: isKnown ? P.P9_VERSION : P.P9_VERSION_UNKNOWN,
    });
  }

  /** Answered after the request that it is about, which is given up where that changes nothing. */
  private *flush(tag: number, { oldtag }: RequestOf<"flush">): Steps<readonly Uint8Array[]> {
    const old = this.pending.get(oldtag);
    if (old !== undefined && oldtag !== tag) {
      const answered = new Promise<void>((resolve) => old.onAnswered.push(resolve));
      if (ABANDONABLE.includes(old.name)) old.run.abandon("EINTR");
      yield answered;
    }
    return encodeReply("flush", tag, {});
  }

  save(): NinePState {
    return saveSession(this.session);
  }

  /** Goes on with a saved session. Throws a StateError. */
  load(state: unknown): void {
    this.reset();
    restoreSession(this.session, state);
  }
}

/** The answer as far as there is room: an error in its place, or nothing. */
function fitting(pieces: readonly Uint8Array[], tag: number, room: number): readonly Uint8Array[] | null {
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
  if (length <= room) return pieces;
  return room >= P.P9_RLERROR_SIZE ? encodeError(tag, P.ERRNO.EMSGSIZE) : null;
}
