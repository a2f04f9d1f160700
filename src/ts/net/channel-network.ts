/**
 * A network segment between machines: tabs of one browser, machines of one page, threads of one process. Every two machines
 * have a channel of their own, beside the one that all of them listen to for newcomers, so that a frame is copied only
 * to whom it is for. Who has not read what was sent to him gets nothing more: a tab that sleeps costs a few megabytes,
 * not the browser's memory.
 */
import type { NetFrontend, NetPacket } from "../../virtio/backends.ts";
import { ETHERNET_HEADER_BYTES } from "../../virtio/net-packet.ts";
import { AddressTable } from "./address-table.ts";
import { batchedBytes, readBatch, writeBatch } from "./frame-batch.ts";
import type { Channel, Network, NetworkServices } from "./network.ts";

/** What may be on its way to one machine; what comes then is lost, as on a wire whose other end is too slow. */
export const WINDOW_BYTES = 4 * 1024 * 1024;
/** How much is read before that is told. */
export const ACKNOWLEDGE_BYTES = 512 * 1024;
/** Packets are sent when so much has come together, and at the latest when the guest pauses. */
const BATCH_BYTES = 64 * 1024;
/** Whoever reads nothing for so long is not there any more, until something is heard of him. */
const GONE_MS = 30_000;
/** Machines on one segment; further ones are not heard. */
const MAX_PEERS = 64;
const ID_BYTES = 12;

/** What all machines of a segment hear. `from` is the sender's id. */
export type SegmentMessage =
  | { readonly kind: "hello"; readonly from: string }
  /** The answer to a hello. */
  | { readonly kind: "welcome"; readonly from: string; readonly to: string }
  | { readonly kind: "bye"; readonly from: string };

/** What two machines tell each other. */
export type PairMessage =
  /** Packets, and how many bytes of batches have been sent so far. */
  | { readonly kind: "frames"; readonly from: string; readonly sent: number; readonly batch: ArrayBuffer }
  /** They have been read up to there. */
  | { readonly kind: "read"; readonly from: string; readonly sent: number };

type Fields = Partial<Record<string, unknown>>;

/** The fields of a message that has a sender's id, or null for what is none of ours. */
function fieldsOf(value: unknown): (Fields & { readonly from: string }) | null {
  if (typeof value !== "object" || value === null) return null;
  const { from } = value as Fields;
  return typeof from === "string" && from.length === ID_BYTES * 2 ? (value as Fields & { from: string }) : null;
}

export interface ChannelNetworkOptions {
  /** Of the segment; machines that open the same name share it. */
  readonly name: string;
  readonly openChannel: NetworkServices["openChannel"];
  entropy(into: Uint8Array): void;
  /** Milliseconds that only go forward. */
  nowMs(): number;
}

export interface ChannelCounters {
  /** Packets that were not sent because the other machine does not read. */
  dropped: number;
  /** Messages that were sent and received, each with one packet or more. */
  sentBatches: number;
  receivedBatches: number;
}

/** Another machine on the segment. */
class Peer {
  readonly id: string;
  readonly channel: Channel;
  /** Bytes of batches that were sent to it, and those of them that it has read. */
  sent = 0;
  read = 0;
  /** When it was last heard of, or last had nothing to read. */
  heardMs: number;
  /** It has read nothing for long, and is sent nothing. */
  isGone = false;
  batch: NetPacket[] = [];
  batchBytes = 0;
  /** The `sent` of its own that it was told was read. */
  acknowledged = 0;

  constructor(id: string, channel: Channel, nowMs: number) {
    this.id = id;
    this.channel = channel;
    this.heardMs = nowMs;
  }

  get unreadBytes(): number {
    return this.sent - this.read + this.batchBytes;
  }

  post(message: PairMessage): void {
    this.channel.post(message);
  }
}

export class ChannelNetwork implements Network {
  readonly linkUp = true;
  readonly counters: ChannelCounters = { dropped: 0, sentBatches: 0, receivedBatches: 0 };
  readonly #options: ChannelNetworkOptions;
  readonly #id: string;
  readonly #common: Channel;
  readonly #peers = new Map<string, Peer>();
  readonly #addresses = new AddressTable<Peer>();
  #frontend: NetFrontend | null = null;
  #flushing = false;
  #closed = false;

  constructor(options: ChannelNetworkOptions) {
    this.#options = options;
    const id = new Uint8Array(ID_BYTES);
    options.entropy(id);
    this.#id = Array.from(id, (byte) => byte.toString(16).padStart(2, "0")).join("");
    this.#common = options.openChannel(this.#segment, (message) => this.#hear(message));
    this.#announce({ kind: "hello", from: this.#id });
  }

  /** Other machines on the segment. */
  get peerCount(): number {
    return [...this.#peers.values()].filter(({ isGone }) => !isGone).length;
  }

  attach(frontend: NetFrontend): void {
    this.#frontend = frontend;
  }

  send(packet: NetPacket): void {
    if (this.#closed || packet.bytes.length < ETHERNET_HEADER_BYTES) return;
    const known = this.#addresses.find(packet.bytes);
    for (const peer of known === undefined ? this.#peers.values() : [known]) this.#sendTo(peer, packet);
  }

  close(): void {
    if (this.#closed) return;
    this.#flush();
    this.#closed = true;
    this.#announce({ kind: "bye", from: this.#id });
    for (const peer of this.#peers.values()) peer.channel.close();
    this.#peers.clear();
    this.#common.close();
  }

  get #segment(): string {
    return `armlet-net ${this.#options.name}`;
  }

  #announce(message: SegmentMessage): void {
    this.#common.post(message);
  }

  // ---- To the others ----

  #sendTo(peer: Peer, packet: NetPacket): void {
    if (peer.isGone) return;
    if (peer.unreadBytes + batchedBytes(packet) > WINDOW_BYTES) {
      this.counters.dropped += 1;
      if (this.#options.nowMs() - peer.heardMs > GONE_MS) {
        peer.isGone = true;
        this.#addresses.forget(peer);
      }
      return;
    }
    peer.batch.push(packet);
    peer.batchBytes += batchedBytes(packet);
    if (peer.batchBytes >= BATCH_BYTES) this.#flushTo(peer);
    else if (!this.#flushing) {
      this.#flushing = true;
      // Small packets of one stretch of guest code go together.
      queueMicrotask(() => this.#flush());
    }
  }

  #flush(): void {
    this.#flushing = false;
    for (const peer of this.#peers.values()) this.#flushTo(peer);
  }

  #flushTo(peer: Peer): void {
    if (peer.batch.length === 0) return;
    if (peer.sent === peer.read) peer.heardMs = this.#options.nowMs();
    const batch = writeBatch(peer.batch);
    peer.batch = [];
    peer.batchBytes = 0;
    peer.sent += batch.byteLength;
    this.counters.sentBatches += 1;
    peer.post({ kind: "frames", from: this.#id, sent: peer.sent, batch });
  }

  // ---- From the others ----

  /** The common channel. */
  #hear(value: unknown): void {
    const message = fieldsOf(value);
    if (this.#closed || message === null || message.from === this.#id) return;
    const known = this.#peers.get(message.from);
    if (message.kind === "hello") {
      if (known === undefined && !this.#meet(message.from)) return;
      this.#announce({ kind: "welcome", from: this.#id, to: message.from });
    } else if (message.kind === "welcome") {
      if (message.to === this.#id && known === undefined) this.#meet(message.from);
    } else if (message.kind === "bye" && known !== undefined) this.#remove(known);
  }

  /** The channel that is shared with one other machine. */
  #receive(peer: Peer, value: unknown): void {
    const message = fieldsOf(value);
    if (this.#closed || message?.from !== peer.id) return;
    const { kind, sent, batch } = message;
    if (!Number.isSafeInteger(sent)) return;
    peer.heardMs = this.#options.nowMs();
    peer.isGone = false;
    if (kind === "frames" && batch instanceof ArrayBuffer) this.#receiveFrames(peer, sent as number, batch);
    else if (kind === "read") peer.read = Math.max(peer.read, Math.min(peer.sent, sent as number));
  }

  #receiveFrames(peer: Peer, sent: number, batch: ArrayBuffer): void {
    this.counters.receivedBatches += 1;
    for (const packet of readBatch(batch)) {
      this.#addresses.learn(packet.bytes, peer);
      this.#frontend?.receive(packet);
    }
    if (sent - peer.acknowledged < ACKNOWLEDGE_BYTES) return;
    peer.acknowledged = sent;
    peer.post({ kind: "read", from: this.#id, sent });
  }

  /** False where there are too many already. */
  #meet(id: string): boolean {
    if (this.#peers.size === MAX_PEERS) {
      const gone = [...this.#peers.values()].find(({ isGone }) => isGone);
      if (gone === undefined) return false;
      this.#remove(gone);
    }
    const pair = [this.#id, id].sort().join(" ");
    const channel = this.#options.openChannel(`${this.#segment} ${pair}`, (message) => this.#receive(peer, message));
    const peer = new Peer(id, channel, this.#options.nowMs());
    this.#peers.set(id, peer);
    return true;
  }

  #remove(peer: Peer): void {
    peer.channel.close();
    this.#peers.delete(peer.id);
    this.#addresses.forget(peer);
  }
}
