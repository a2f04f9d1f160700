/** Which file system a volume has, by its superblock; names, labels and UUIDs are those that blkid shows. */
import { readExtSuperblock } from "./ext4-super.ts";
import { openExt } from "./ext4.ts";
import { openFat, recogniseFat } from "./fat.ts";
import type { FileSystem } from "./file-system.ts";
import { openIso, recogniseIso } from "./iso9660.ts";
import { label, orNull, printable, utf16, uuid } from "./text.ts";
import { hasMagic, viewOf, type Volume } from "./volume.ts";

/** What is on a volume. */
export interface VolumeInfo {
  /** blkid's TYPE: "ext4", "vfat", "swap", "crypto_LUKS", … */
  readonly type: string;
  readonly label: string | null;
  readonly uuid: string | null;
}

type Recogniser = (volume: Volume) => Promise<VolumeInfo | null>;

/** File systems of which the files can be read, and how. */
const OPENERS: Readonly<Record<string, (volume: Volume) => Promise<FileSystem>>> = {
  ext2: openExt,
  ext3: openExt,
  ext4: openExt,
  vfat: openFat,
  iso9660: openIso,
};

/** A superblock that is told by a magic in one place. */
interface Magic {
  readonly type: string;
  readonly offset: number;
  readonly magic: string;
  /** Where the stretch begins that `describe` gets. */
  readonly base: number;
  readonly lengthBytes: number;
  readonly describe: (bytes: Uint8Array) => Omit<VolumeInfo, "type">;
}

const nothing = (): Omit<VolumeInfo, "type"> => ({ label: null, uuid: null });
const text = (bytes: Uint8Array): string => new TextDecoder("latin1").decode(bytes);

const MAGICS: readonly Magic[] = [
  {
    type: "xfs",
    ...{ offset: 0, magic: "XFSB", base: 0, lengthBytes: 512 },
    describe: (bytes) => ({ label: label(bytes.subarray(108, 120)), uuid: uuid(bytes.subarray(32, 48)) }),
  },
  {
    type: "btrfs",
    ...{ offset: 0x1_0040, magic: "_BHRfS_M", base: 0x1_0000, lengthBytes: 4096 },
    describe: (bytes) => ({ label: label(bytes.subarray(0x12b, 0x22b)), uuid: uuid(bytes.subarray(0x20, 0x30)) }),
  },
  { type: "squashfs", offset: 0, magic: "hsqs", base: 0, lengthBytes: 96, describe: nothing },
  {
    type: "f2fs",
    ...{ offset: 1024, magic: "\x10\x20\xf5\xf2", base: 1024, lengthBytes: 1148 },
    describe: (bytes) => ({
      label: orNull(printable(utf16(bytes.subarray(124, 1148)))),
      uuid: uuid(bytes.subarray(108, 124)),
    }),
  },
  {
    type: "erofs",
    ...{ offset: 1024, magic: "\xe2\xe1\xf5\xe0", base: 1024, lengthBytes: 128 },
    describe: (bytes) => ({ label: label(bytes.subarray(64, 80)), uuid: uuid(bytes.subarray(48, 64)) }),
  },
  {
    type: "crypto_LUKS",
    ...{ offset: 0, magic: "LUKS\xba\xbe", base: 0, lengthBytes: 512 },
    // Only version 2 has a label; both have the UUID as text.
    describe: (bytes) => ({
      label: bytes[7] === 2 ? label(bytes.subarray(24, 72)) : null,
      uuid: label(bytes.subarray(168, 208)),
    }),
  },
  {
    type: "ntfs",
    ...{ offset: 3, magic: "NTFS    ", base: 0, lengthBytes: 512 },
    describe: (bytes) => ({
      label: null,
      uuid: viewOf(bytes).getBigUint64(0x48, true).toString(16).toUpperCase().padStart(16, "0"),
    }),
  },
  {
    type: "exfat",
    ...{ offset: 3, magic: "EXFAT   ", base: 0, lengthBytes: 512 },
    describe: (bytes) => ({
      label: null,
      uuid: viewOf(bytes).getUint32(100, true).toString(16).toUpperCase().padStart(8, "0").replace(/^.{4}/, "$&-"),
    }),
  },
  // The label of a physical volume is in one of the first four sectors, mostly the second.
  ...[0, 512, 1024, 1536].map((base) => ({
    type: "LVM2_member",
    ...{ offset: base, magic: "LABELONE", base, lengthBytes: 512 },
    describe: (bytes: Uint8Array) => ({
      label: null,
      uuid: text(bytes.subarray(32, 64)).replace(
        /^(.{6})(.{4})(.{4})(.{4})(.{4})(.{4})(.{6})$/,
        "$1-$2-$3-$4-$5-$6-$7",
      ),
    }),
  })),
  // The mark of swap is at the end of a page, whose size was that of whoever made it.
  ...[4096, 8192, 16384, 65536].map((pageBytes) => ({
    type: "swap",
    ...{ offset: pageBytes - 10, magic: "SWAPSPACE2", base: 1024, lengthBytes: 512 },
    describe: (bytes: Uint8Array) => ({ label: label(bytes.subarray(28, 44)), uuid: uuid(bytes.subarray(12, 28)) }),
  })),
];

async function recogniseMagic(volume: Volume): Promise<VolumeInfo | null> {
  for (const { type, offset, magic, base, lengthBytes, describe } of MAGICS) {
    if (!volume.holds(offset, magic.length) || !volume.holds(base, lengthBytes)) continue;
    if (!hasMagic(await volume.read(offset, magic.length), 0, magic)) continue;
    return { type, ...describe(await volume.read(base, lengthBytes)) };
  }
  return null;
}

/** A disc first: its first 32 KiB belong to whoever wants to boot it. FAT last: its magic is the weakest. */
const RECOGNISERS: readonly Recogniser[] = [recogniseIso, recogniseMagic, readExtSuperblock, recogniseFat];

/** What is on the volume; null where it is not known. */
export async function recognise(volume: Volume): Promise<VolumeInfo | null> {
  for (const recogniser of RECOGNISERS) {
    const info = await recogniser(volume);
    if (info !== null) return { type: info.type, label: info.label, uuid: info.uuid };
  }
  return null;
}

/** The files on it; null where they cannot be read here. Throws an InspectError where they are damaged. */
export async function openFileSystem(volume: Volume, type: string): Promise<FileSystem | null> {
  return (await OPENERS[type]?.(volume)) ?? null;
}
