/** The vendor-specific capabilities of virtio over PCI (virtio 1.4, 4.1.4) and the layout that they describe, QEMU's. */
import type { PciFunction, PciRegion } from "../../../pci/function.ts";
import { PCI_CAP_ID_VNDR } from "../../../pci/registers.ts";
import type { SharedMemory } from "../../device.ts";
import * as P from "../../spec/pci.ts";

/** Base address registers. */
export const LEGACY_BAR = 0;
export const MSIX_BAR = 1;
export const NOTIFY_PIO_BAR = 2;
/** The same as NOTIFY_PIO_BAR: a device has one of the two. */
export const SHARED_MEMORY_BAR = 2;
export const MODERN_BAR = 4;

/** Places of the structures in MODERN_BAR; each has a page of its own. */
export const COMMON_OFFSET = 0x0000;
export const ISR_OFFSET = 0x1000;
export const DEVICE_OFFSET = 0x2000;
export const NOTIFY_OFFSET = 0x3000;
const STRUCTURE_BYTES = 0x1000;

/** Between the notification addresses of two queues: 4 bytes, or with page-per-vq a page. */
export const NOTIFY_MULTIPLIER = 4;
export const NOTIFY_MULTIPLIER_PAGE = 4096;
/** Queues that the notification structure has room for (QEMU's VIRTIO_QUEUE_MAX). */
const NOTIFY_QUEUES = 1024;

/** Where a structure lies. */
interface Place {
  readonly type: number;
  /** Tells structures of one type apart (shmid). */
  readonly id?: number;
  readonly bar: number;
  readonly offset: number;
  readonly length: number;
}

/** The bytes of a capability behind ID and link; `extra` words follow the common part. */
function body({ type, id = 0, bar, offset, length }: Place, ...extra: number[]): Uint8Array {
  const size = P.PCI_CAP_SIZE + 4 * extra.length;
  const view = new DataView(new ArrayBuffer(size));
  view.setUint8(P.PCI_CAP_LEN, size);
  view.setUint8(P.PCI_CAP_CFG_TYPE, type);
  view.setUint8(P.PCI_CAP_BAR, bar);
  view.setUint8(P.PCI_CAP_ID, id);
  view.setUint32(P.PCI_CAP_OFFSET, offset % 2 ** 32, true);
  view.setUint32(P.PCI_CAP_LENGTH, length % 2 ** 32, true);
  extra.forEach((word, index) => {
    view.setUint32(P.PCI_CAP_SIZE + 4 * index, word, true);
  });
  return new Uint8Array(view.buffer, 2);
}

/** What a modern function shows. */
export interface ModernLayout {
  readonly region: PciRegion;
  /** Behind the I/O register for notifications, or null for none. */
  readonly notifyPio: PciRegion | null;
  readonly pagePerVq: boolean;
}

/** Adds the modern interface: its base address registers and capabilities. Returns the multiplier of the notifications. */
export function addModernInterface(target: PciFunction, { region, notifyPio, pagePerVq }: ModernLayout): number {
  const multiplier = pagePerVq ? NOTIFY_MULTIPLIER_PAGE : NOTIFY_MULTIPLIER;
  const notifyBytes = multiplier * NOTIFY_QUEUES;
  const sizeBytes = 2 ** Math.ceil(Math.log2(NOTIFY_OFFSET + notifyBytes));
  const structure = (type: number, offset: number): Place => ({
    type,
    bar: MODERN_BAR,
    offset,
    length: STRUCTURE_BYTES,
  });
  const add = (bytes: Uint8Array): number => target.addCapability(PCI_CAP_ID_VNDR, bytes);
  add(body(structure(P.VIRTIO_PCI_CAP_COMMON_CFG, COMMON_OFFSET)));
  add(body(structure(P.VIRTIO_PCI_CAP_ISR_CFG, ISR_OFFSET)));
  add(body(structure(P.VIRTIO_PCI_CAP_DEVICE_CFG, DEVICE_OFFSET)));
  add(body({ ...structure(P.VIRTIO_PCI_CAP_NOTIFY_CFG, NOTIFY_OFFSET), length: notifyBytes }, multiplier));
  if (notifyPio !== null) {
    target.addBar(NOTIFY_PIO_BAR, { kind: "io", sizeBytes: 4, region: notifyPio });
    // Any number written there is a queue's: all queues share one address.
    add(body({ type: P.VIRTIO_PCI_CAP_NOTIFY_CFG, bar: NOTIFY_PIO_BAR, offset: 0, length: 4 }, 0));
  }
  target.addBar(MODERN_BAR, { kind: "memory64", prefetchable: true, sizeBytes, region });
  addConfigAccess(target);
  return multiplier;
}

/**
 * Adds shared memory regions (4.1.4.7): all in one base address register, one behind the other, each at a multiple of a
 * page and of its own size.
 */
export function addSharedMemory(target: PciFunction, regions: readonly SharedMemory[]): void {
  let end = 0;
  const places = regions.map((region) => {
    const align = 2 ** Math.ceil(Math.log2(Math.max(region.sizeBytes, STRUCTURE_BYTES)));
    const offset = Math.ceil(end / align) * align;
    end = offset + region.sizeBytes;
    return { region, offset };
  });
  const at = (offset: number) =>
    places.find((place) => offset >= place.offset && offset < place.offset + place.region.sizeBytes) ?? null;
  const inside = (place: (typeof places)[number], offset: number, size: number): boolean =>
    offset - place.offset + size <= place.region.sizeBytes;
  const region: PciRegion = {
    read: (offset, size) => {
      const place = at(offset);
      return place !== null && inside(place, offset, size) ? place.region.read(offset - place.offset, size) : 0;
    },
    write: (offset, size, value) => {
      const place = at(offset);
      if (place !== null && inside(place, offset, size)) place.region.write(offset - place.offset, size, value);
    },
  };
  const sizeBytes = 2 ** Math.ceil(Math.log2(end));
  target.addBar(SHARED_MEMORY_BAR, { kind: "memory64", prefetchable: true, sizeBytes, region });
  for (const place of places) {
    const { id, sizeBytes: length } = place.region;
    const high = [place.offset, length].map((value) => Math.floor(value / 2 ** 32));
    const { offset } = place;
    const type = P.VIRTIO_PCI_CAP_SHARED_MEMORY_CFG;
    target.addCapability(PCI_CAP_ID_VNDR, body({ type, id, bar: SHARED_MEMORY_BAR, offset, length }, ...high));
  }
}

/**
 * VIRTIO_PCI_CAP_PCI_CFG (4.1.4.9): a window to the base address registers through configuration space, which also
 * works while they are switched off. An access that leaves the register, or is no aligned 1, 2 or 4 bytes, does nothing.
 */
function addConfigAccess(target: PciFunction): void {
  const bytes = body({ type: P.VIRTIO_PCI_CAP_PCI_CFG, bar: 0, offset: 0, length: 0 }, 0);
  const writable = new Uint8Array(bytes.length);
  writable.fill(0xff, P.PCI_CAP_BAR - 2, P.PCI_CAP_BAR - 1);
  writable.fill(0xff, P.PCI_CAP_OFFSET - 2);
  const at = target.addCapability(PCI_CAP_ID_VNDR, bytes, writable);
  const window = (): { region: PciRegion; offset: number; size: 1 | 2 | 4 } | null => {
    const bar = target.bar(target.peek(at + P.PCI_CAP_BAR, 1));
    const offset = target.peek(at + P.PCI_CAP_OFFSET, 4);
    const size = target.peek(at + P.PCI_CAP_LENGTH, 4);
    if (bar === null || (size !== 1 && size !== 2 && size !== 4)) return null;
    if (offset % size !== 0 || offset + size > bar.sizeBytes) return null;
    return { region: bar.region, offset, size };
  };
  const data = at + P.PCI_CAP_PCI_CFG_DATA;
  target.addHook({
    offset: data,
    length: 4,
    beforeRead: () => {
      const found = window();
      if (found !== null) target.poke(data, found.size, found.region.read(found.offset, found.size));
    },
    afterWrite: () => {
      const found = window();
      if (found !== null) found.region.write(found.offset, found.size, target.peek(data, found.size));
    },
  });
}
