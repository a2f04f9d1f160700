/** The network card (virtio 1.4, chapter "Network Device"): one receive, one transmit and the control queue. */
import type { NetBackend, NetFrontend, NetPacket } from "../../backends.ts";
import type { VirtioBus } from "../../bus.ts";
import type { Chain } from "../../chain.ts";
import { VirtioDevice } from "../../device.ts";
import type { FeatureRow } from "../../features.ts";
import type { ConfigWrite } from "../../layout.ts";
import { VIRTIO_F_VERSION_1 } from "../../spec/features.ts";
import { VIRTIO_ID_NET } from "../../spec/ids.ts";
import * as N from "../../spec/net.ts";
import type { QueueSpec, Virtqueue } from "../../virtqueue.ts";
import { configMac, netConfig, setConfigMac } from "./config.ts";
import { type ControlTarget, runCommand } from "./control.ts";
import { lonelyFeature, type NetFeatureOptions, netFeatures, SEGMENTS } from "./features.ts";
import { macNumber, ReceiveFilter } from "./filter.ts";
import { packetsFor, Receiver } from "./rx.ts";
import { loadNet, type NetState, saveNet } from "./state.ts";
import { readPacket } from "./tx.ts";

export interface NetOptions extends NetFeatureOptions {
  /** Six bytes. */
  readonly mac: Uint8Array;
  readonly rxQueueSize: number;
  readonly txQueueSize: number;
}

/** Packets and bytes since the device was made. */
export interface NetCounters {
  rxPackets: number;
  rxBytes: number;
  txPackets: number;
  txBytes: number;
}

const CTRL_QUEUE_SIZE = 64;
/** The features that CTRL_GUEST_OFFLOADS can switch, of those that are offered. */
const GUEST_OFFLOADS = [N.VIRTIO_NET_F_GUEST_CSUM, N.VIRTIO_NET_F_GUEST_ECN, ...SEGMENTS.map(({ guest }) => guest)];

export class VirtioNet extends VirtioDevice implements NetFrontend {
  readonly id = VIRTIO_ID_NET;
  readonly name = "virtio-net";
  readonly legacy = true;
  readonly features: readonly FeatureRow[];
  readonly config = netConfig();
  readonly queues: readonly QueueSpec[];
  readonly counters: NetCounters = { rxPackets: 0, rxBytes: 0, txPackets: 0, txBytes: 0 };
  private readonly backend: NetBackend | null;
  private readonly filter = new ReceiveFilter();
  private readonly receiver = new Receiver();
  private readonly permanentMac: Uint8Array;
  private mac: number;
  /** GUEST_* offloads that are on, as bits. */
  private offloads = 0;
  private announceOnResume = false;
  private readonly control: ControlTarget;

  constructor(bus: VirtioBus, backend: NetBackend | null, options: NetOptions) {
    super(bus);
    this.backend = backend;
    this.features = netFeatures(options);
    const has = (bit: number): boolean => this.features.some((row) => row.bit === bit);
    this.queues = [
      { name: "receiveq1", sizeMax: options.rxQueueSize },
      { name: "transmitq1", sizeMax: options.txQueueSize },
      ...(has(N.VIRTIO_NET_F_CTRL_VQ) ? [{ name: "controlq", sizeMax: CTRL_QUEUE_SIZE }] : []),
    ];
    this.permanentMac = options.mac.slice();
    this.mac = macNumber(options.mac);
    setConfigMac(this.config, options.mac);
    this.config.set("mtu", options.mtu);
    this.config.set("status", backend?.linkUp === true ? N.VIRTIO_NET_S_LINK_UP : 0);
    this.control = {
      filter: this.filter,
      has: (bit) => this.bus.has(bit),
      setMac: (mac) => this.setMac(mac),
      announced: () => this.announced(),
      setOffloads: (bits) => this.setOffloads(bits),
    };
    backend?.attach(this);
  }

  /** Packets that the guest lost for want of buffers. */
  get droppedPackets(): number {
    return this.receiver.dropped;
  }

  get linkUp(): boolean {
    return (this.config.get("status") & N.VIRTIO_NET_S_LINK_UP) !== 0;
  }

  // ---- What the backend calls ----

  receive(packet: NetPacket): void {
    const queue = this.bus.queue(N.NET_RECEIVEQ);
    // A card that is down hears nothing; what is said meanwhile is not kept for later.
    if (!this.linkUp || queue?.ready !== true || !this.bus.live) return;
    if (!this.filter.accepts(packet.bytes, this.mac)) return;
    const has = (bit: number): boolean => ((this.offloads >>> bit) & 1) === 1;
    const mtu = this.bus.has(N.VIRTIO_NET_F_MTU) ? this.config.get("mtu") : Number.POSITIVE_INFINITY;
    for (const piece of packetsFor(packet, { has, mtu })) this.receiver.push(piece);
    this.counters.rxPackets += 1;
    this.counters.rxBytes += packet.bytes.length;
    this.deliver(queue);
  }

  setLink(up: boolean): void {
    if (this.linkUp === up) return;
    this.setStatus(N.VIRTIO_NET_S_LINK_UP, up);
    this.bus.configChanged();
    if (!up) this.receiver.clear();
  }

  /** Asks the guest to tell the network where it is (5.1.6.5.4). False where it cannot. */
  announce(): boolean {
    if (!this.linkUp || !this.bus.has(N.VIRTIO_NET_F_GUEST_ANNOUNCE)) return false;
    this.setStatus(N.VIRTIO_NET_S_ANNOUNCE, true);
    this.bus.configChanged();
    return true;
  }

  private setStatus(bit: number, on: boolean): void {
    const status = this.config.get("status");
    this.config.set("status", on ? status | bit : status & ~bit);
  }

  // ---- What the bus calls ----

  override accept(): string | null {
    return lonelyFeature((bit) => this.bus.has(bit));
  }

  override onFeatures(): void {
    this.offloads = this.negotiatedOffloads();
    // Whoever can say which VLANs it wants starts with none (5.1.6.5.3).
    this.filter.vlans = this.bus.has(N.VIRTIO_NET_F_CTRL_VLAN) ? new Set() : null;
  }

  private negotiatedOffloads(): number {
    return GUEST_OFFLOADS.reduce((bits, bit) => bits | (this.bus.has(bit) ? 1 << bit : 0), 0);
  }

  onQueue(queue: Virtqueue): void {
    if (queue.index === N.NET_RECEIVEQ) this.deliver(queue);
    else if (queue.index === N.NET_TRANSMITQ) this.transmit(queue);
    else this.command(queue);
  }

  override onQueueStopped(queue: Virtqueue): void {
    if (queue.index === N.NET_RECEIVEQ) this.receiver.clear();
  }

  override onReset(): void {
    this.receiver.clear();
    this.filter.reset();
    this.offloads = 0;
    this.announceOnResume = false;
    this.setStatus(N.VIRTIO_NET_S_ANNOUNCE, false);
    this.setMac(this.permanentMac);
  }

  /** Only the legacy interface lets a driver set its address here, and only where it has no command for it. */
  override onConfigWrite({ field }: ConfigWrite): void {
    if (field !== "mac_low" && field !== "mac_high") return;
    const mayWrite = this.bus.mode === "legacy" && !this.bus.has(N.VIRTIO_NET_F_CTRL_MAC_ADDR);
    if (mayWrite) this.mac = macNumber(configMac(this.config));
    else {
      this.bus.log.guestError("virtio-net: address written to the configuration", "the control queue sets it");
      setConfigMac(this.config, macBytes(this.mac));
    }
  }

  private setMac(mac: Uint8Array): void {
    setConfigMac(this.config, mac);
    this.mac = macNumber(mac);
  }

  // ---- Queues ----

  /** 10 bytes where num_buffers is not there: a legacy driver without mergeable buffers (5.1.6.1). */
  private get headerBytes(): number {
    const hasBuffers = this.bus.has(VIRTIO_F_VERSION_1) || this.bus.has(N.VIRTIO_NET_F_MRG_RXBUF);
    return hasBuffers ? N.NET_HDR_SIZE : N.NET_HDR_SIZE_LEGACY;
  }

  private deliver(queue: Virtqueue): void {
    if (this.receiver.isEmpty) {
      queue.disarm();
      return;
    }
    const format = { headerBytes: this.headerBytes, mergeable: this.bus.has(N.VIRTIO_NET_F_MRG_RXBUF) };
    this.receiver.deliver(queue, format, (detail) => {
      this.bus.log.guestError("virtio-net: receive buffer too small", detail);
    });
  }

  private transmit(queue: Virtqueue): void {
    const has = (bit: number): boolean => this.bus.has(bit);
    queue.drain((chain) => {
      const packet = readPacket(chain, this.headerBytes, has);
      if (typeof packet === "string") this.bus.log.guestError("virtio-net: packet dropped", packet);
      else {
        this.counters.txPackets += 1;
        this.counters.txBytes += packet.bytes.length;
        if (this.linkUp) this.backend?.send(packet);
      }
      queue.push(chain, 0);
      return true;
    });
  }

  private command(queue: Virtqueue): void {
    queue.drain((chain) => {
      const writer = chain.writer();
      if (writer.remaining === 0) this.bus.log.guestError("virtio-net: command without room for its answer", "");
      else writer.write(Uint8Array.of(runCommand(chain, this.control) ? N.VIRTIO_NET_OK : N.VIRTIO_NET_ERR));
      queue.push(chain, writer.written);
      return true;
    });
  }

  private announced(): boolean {
    if ((this.config.get("status") & N.VIRTIO_NET_S_ANNOUNCE) === 0) return false;
    this.setStatus(N.VIRTIO_NET_S_ANNOUNCE, false);
    return true;
  }

  private setOffloads(bits: number): boolean {
    if ((bits & ~this.negotiatedOffloads()) !== 0) return false;
    this.offloads = bits;
    return true;
  }

  // ---- Saved states ----

  save(): NetState {
    return saveNet(this.filter, this.offloads);
  }

  load(value: unknown): void {
    const offloads = loadNet(value, this.filter) & this.negotiatedOffloads();
    this.offloads = offloads;
    this.mac = macNumber(configMac(this.config));
    this.setStatus(N.VIRTIO_NET_S_LINK_UP, this.backend?.linkUp === true);
    this.announceOnResume = true;
  }

  /** The guest is on another network now, or has been away: switches have to learn where it is. */
  override resume(): void {
    if (this.announceOnResume) this.announce();
    this.announceOnResume = false;
  }

  serveRestored(chain: Chain): void {
    chain.queue.push(chain, 0);
    chain.queue.flush();
  }
}

function macBytes(mac: number): Uint8Array {
  return Uint8Array.from({ length: 6 }, (_, index) => Math.floor(mac / 256 ** (5 - index)) % 256);
}
