/** What handles a request. */
import type { MessageName, ReplyOf, RequestOf } from "../messages.ts";
import type { Session } from "../session.ts";
import type { Steps } from "../steps.ts";

/** What a handler may know of the request beside its fields. */
export interface Call {
  readonly session: Session;
  /** Bytes that the answer may have, with its header: what the client has room for, and msize. */
  readonly room: number;
}

export type Handler<Name extends MessageName> = (request: RequestOf<Name>, call: Call) => Steps<ReplyOf<Name>>;

/** Handlers of some of the messages. */
export type Handlers<Name extends MessageName> = { readonly [Key in Name]: Handler<Key> };
