/**
 * The header of a qcow2 image (QEMU, docs/interop/qcow2.txt). An image can be damaged or hostile: what is returned has
 * been checked, everything else ends in a StorageError.
 */
import type { BlockSource } from "../block-source.ts";
import { StorageError } from "../storage-error.ts";

export const QCOW2_MAGIC = 0x5146_49fb;
export const MIN_CLUSTER_BITS = 9;
/** QEMU's limit; the specification has none. */
export const MAX_CLUSTER_BITS = 21;
/** QEMU's limit for the active L1 table. */
const MAX_L1_BYTES = 32 * 1024 * 1024;
/** The header with all that follows it: QEMU's own have less than 1 KiB. */
const HEADER_READ_BYTES = 64 * 1024;
const V2_HEADER_BYTES = 72;
export const V3_HEADER_BYTES = 104;
/** A cluster has so many subclusters where the image has extended L2 entries. */
export const SUBCLUSTERS = 32;
const SECTOR_BYTES = 512;

/** Bits of `incompatible_features`. */
const DIRTY = 0;
const CORRUPT = 1;
const EXTERNAL_DATA_FILE = 2;
const COMPRESSION_TYPE = 3;
const EXTENDED_L2 = 4;
const KNOWN_FEATURES = new Set([DIRTY, CORRUPT, EXTERNAL_DATA_FILE, COMPRESSION_TYPE, EXTENDED_L2]);

/** Header extensions. */
const END_OF_EXTENSIONS = 0;
export const BACKING_FORMAT = 0xe279_2aca;
const FEATURE_NAMES = 0x6803_f857;
const FEATURE_NAME_BYTES = 48;

export const COMPRESSION_DEFLATE = 0;
export const COMPRESSION_ZSTD = 1;

export interface Qcow2Header {
  readonly version: 2 | 3;
  readonly clusterBits: number;
  /** What the guest sees: a multiple of 512, the rest that the header may have is cut off as QEMU does. */
  readonly sizeBytes: number;
  readonly l1TableOffset: number;
  /** Entries of the L1 table that are needed for the size. */
  readonly l1Entries: number;
  readonly compression: typeof COMPRESSION_DEFLATE | typeof COMPRESSION_ZSTD;
  readonly extendedL2: boolean;
  /** The image that it holds only the changes to; null where it is whole. */
  readonly backing: Backing | null;
}

/** What an image says of the one that it lies over. */
export interface Backing {
  /** As the image has it, fit to be shown: mostly a file's name, perhaps with its folder. */
  readonly name: string;
  /** What our own export adds; null in other programs' images. */
  readonly base: BackingBase | null;
}

/** What tells the base of a disk of this browser from another one. */
export interface BackingBase {
  /** Where it is, for one on a server. */
  readonly url: string | null;
  /** Of its file. */
  readonly sizeBytes: number;
}

/** Header extension of ours ("ARML"): JSON of a BackingBase. QEMU leaves alone what it does not know. */
export const BASE_EXTENSION = 0x4152_4d4c;

/** Reads and checks the header of `file`. `overBase`: it may hold only the changes to another image. */
export async function readHeader(file: BlockSource, { overBase = false } = {}): Promise<Qcow2Header> {
  const bytes = new Uint8Array(Math.min(HEADER_READ_BYTES, file.sizeBytes));
  await file.read(0, bytes);
  const view = new DataView(bytes.buffer);
  if (bytes.length < V2_HEADER_BYTES) throw damaged("it ends within its header");
  const version = view.getUint32(4);
  if (view.getUint32(0) !== QCOW2_MAGIC || (version !== 2 && version !== 3)) throw damaged("its header is none");
  const clusterBits = view.getUint32(20);
  if (clusterBits < MIN_CLUSTER_BITS || clusterBits > MAX_CLUSTER_BITS) {
    throw damaged(`its clusters would have 2^${clusterBits} bytes`);
  }
  const features = version === 3 ? readFeatures(view, clusterBits) : NO_FEATURES;
  if (view.getUint32(32) !== 0) {
    throw refused("is encrypted", "qemu-img convert makes an image of it that is not.");
  }
  const backing = readBacking(view, version);
  if (backing !== null && !overBase) refuseBackingFile(backing);
  const size = view.getBigUint64(24);
  if (size > BigInt(Number.MAX_SAFE_INTEGER)) throw damaged(`it says that the disk has ${size} bytes`);
  const sizeBytes = Number(size) - (Number(size) % SECTOR_BYTES);
  const { l1TableOffset, l1Entries } = readL1Place(view, Number(size), clusterBits, {
    extendedL2: features.extendedL2,
    fileBytes: file.sizeBytes,
  });
  return { version, clusterBits, sizeBytes, l1TableOffset, l1Entries, backing, ...features };
}

interface Features {
  readonly compression: typeof COMPRESSION_DEFLATE | typeof COMPRESSION_ZSTD;
  readonly extendedL2: boolean;
}

const NO_FEATURES: Features = { compression: COMPRESSION_DEFLATE, extendedL2: false };

/** What only version 3 has. Refcounts that are not right (the dirty bit) do not matter to a reader. */
function readFeatures(view: DataView, clusterBits: number): Features {
  if (view.byteLength < V3_HEADER_BYTES) throw damaged("it ends within its header");
  const headerBytes = view.getUint32(100);
  if (headerBytes < V3_HEADER_BYTES || headerBytes > Math.min(1 << clusterBits, view.byteLength)) {
    throw damaged(`its header says that it has ${headerBytes} bytes`);
  }
  const incompatible = view.getBigUint64(72);
  const has = (bit: number): boolean => ((incompatible >> BigInt(bit)) & 1n) === 1n;
  for (let bit = 0; bit < 64; bit++) {
    if (has(bit) && !KNOWN_FEATURES.has(bit)) {
      const name = featureName(view, headerBytes, bit) ?? `incompatible feature bit ${bit}`;
      throw refused(`uses a feature that is not known here (${name})`, "qemu-img convert makes a plain image of it.");
    }
  }
  if (has(EXTERNAL_DATA_FILE)) {
    throw refused("has its data in another file", "qemu-img convert makes one file of both.");
  }
  const type = headerBytes > V3_HEADER_BYTES ? view.getUint8(104) : COMPRESSION_DEFLATE;
  if ((type !== COMPRESSION_DEFLATE) !== has(COMPRESSION_TYPE)) {
    throw damaged("its header contradicts itself about its compression");
  }
  if (type !== COMPRESSION_DEFLATE && type !== COMPRESSION_ZSTD) {
    throw refused(`uses a compression that is not known here (type ${type})`, "qemu-img convert makes a plain image.");
  }
  if (has(EXTENDED_L2) && 1 << clusterBits < SUBCLUSTERS * SECTOR_BYTES) {
    throw damaged("its clusters are too small for subclusters");
  }
  return { compression: type, extendedL2: has(EXTENDED_L2) };
}

function readL1Place(
  view: DataView,
  sizeBytes: number,
  clusterBits: number,
  { extendedL2, fileBytes }: { readonly extendedL2: boolean; readonly fileBytes: number },
): { l1TableOffset: number; l1Entries: number } {
  const clusterBytes = 2 ** clusterBits;
  const l2Entries = clusterBytes / (extendedL2 ? 16 : 8);
  const l1Entries = Math.ceil(sizeBytes / (clusterBytes * l2Entries));
  const l1Size = view.getUint32(36);
  if (l1Size * 8 > MAX_L1_BYTES || l1Entries * 8 > MAX_L1_BYTES)
    throw damaged("its L1 table is larger than any may be");
  if (l1Size < l1Entries) throw damaged("its L1 table is too small for the disk");
  const offset = view.getBigUint64(40);
  if (offset % BigInt(clusterBytes) !== 0n) throw damaged("its L1 table does not begin at a cluster");
  if (l1Entries > 0 && offset + BigInt(l1Entries * 8) > BigInt(fileBytes)) {
    throw damaged("its L1 table lies behind the end of the file, which may be cut off");
  }
  return { l1TableOffset: l1Entries > 0 ? Number(offset) : 0, l1Entries };
}

/** null where the image is whole. */
function readBacking(view: DataView, version: 2 | 3): Backing | null {
  const offset = view.getBigUint64(8);
  if (offset === 0n) return null;
  const length = view.getUint32(16);
  const end = Number(offset) + length;
  const name = length <= 1023 && end <= view.byteLength ? text(view, Number(offset), length) : "";
  const extension = findExtension(view, version === 3 ? view.getUint32(100) : V2_HEADER_BYTES, BASE_EXTENSION);
  return { name, base: extension === null ? null : parseBase(extension) };
}

/** null where it is not what it should be: then it says no more than other programs' images do. */
function parseBase(json: Uint8Array): BackingBase | null {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(json));
    if (typeof value !== "object" || value === null) return null;
    const { url, sizeBytes } = value as { readonly url?: unknown; readonly sizeBytes?: unknown };
    if (typeof sizeBytes !== "number" || !Number.isSafeInteger(sizeBytes) || sizeBytes < 0) return null;
    if (url === null) return { url, sizeBytes };
    return typeof url === "string" && /^https?:$/.test(new URL(url).protocol) ? { url, sizeBytes } : null;
  } catch {
    // No JSON, or no address.
    return null;
  }
}

function refuseBackingFile({ name }: Backing): never {
  throw refused(
    `holds only the changes to another image${name === "" ? "" : ` (${name})`}`,
    "qemu-img convert -O qcow2, run beside that image, makes one file of both.",
  );
}

/** The contents of a header extension; null where there is none of that type. */
function findExtension(view: DataView, headerBytes: number, wanted: number): Uint8Array | null {
  let at = headerBytes;
  while (at + 8 <= view.byteLength) {
    const type = view.getUint32(at);
    const length = view.getUint32(at + 4);
    if (type === END_OF_EXTENSIONS || at + 8 + length > view.byteLength) return null;
    if (type === wanted) return new Uint8Array(view.buffer, view.byteOffset + at + 8, length);
    at += 8 + Math.ceil(length / 8) * 8;
  }
  return null;
}

/** The name that the image itself has for one of its features. */
function featureName(view: DataView, headerBytes: number, bit: number): string | null {
  const names = findExtension(view, headerBytes, FEATURE_NAMES);
  for (let row = 0; names !== null && row + FEATURE_NAME_BYTES <= names.length; row += FEATURE_NAME_BYTES) {
    // Type 0: an incompatible feature.
    if (names[row] !== 0 || names[row + 1] !== bit) continue;
    return text(view, names.byteOffset - view.byteOffset + row + 2, FEATURE_NAME_BYTES - 2);
  }
  return null;
}

/** Text from an image, fit to be shown. */
function text(view: DataView, offset: number, length: number): string {
  const bytes = new Uint8Array(view.buffer, view.byteOffset + offset, length);
  const end = bytes.indexOf(0);
  const whole = new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
  return whole.replace(/[^\x20-\x7e\u00a0-\uffff]/g, "?").slice(0, 100);
}

/** The image cannot be read as it is. */
export function damaged(reason: string): StorageError {
  return new StorageError(
    "damaged",
    `The qcow2 image is damaged: ${reason}.`,
    "Fetch it again, or look at it with qemu-img check.",
  );
}

function refused(what: string, advice: string): StorageError {
  return new StorageError("format", `The qcow2 image ${what}, which cannot be used here.`, advice);
}
