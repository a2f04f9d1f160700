/** The first sector of FAT12, FAT16 and FAT32 (Microsoft, FAT32 File System Specification 1.03). */
import { hasMagic, viewOf, type Volume } from "./volume.ts";

const SECTOR_BYTES = 512;
/** Fewer clusters are FAT12, fewer than the second FAT16: the only thing that tells them apart. */
const FAT16_CLUSTERS = 4085;
const FAT32_CLUSTERS = 65525;
const EXTENDED_SIGNATURES = [0x28, 0x29];

export interface FatSuperblock {
  readonly bits: 12 | 16 | 32;
  readonly clusterBytes: number;
  readonly clusterCount: number;
  readonly fatOffset: number;
  /** The fixed root directory of FAT12 and FAT16. */
  readonly rootOffset: number;
  readonly rootBytes: number;
  /** FAT32: where the root directory begins; 0 otherwise. */
  readonly rootCluster: number;
  readonly dataOffset: number;
  readonly uuid: string | null;
}

/** The geometry; null where the volume is no FAT file system. */
export async function readFatSuperblock(volume: Volume): Promise<FatSuperblock | null> {
  if (!volume.holds(0, SECTOR_BYTES)) return null;
  const bytes = await volume.read(0, SECTOR_BYTES);
  const view = viewOf(bytes);
  const sectorBytes = view.getUint16(11, true);
  const clusterSectors = bytes[13] ?? 0;
  const reserved = view.getUint16(14, true);
  const fats = bytes[16] ?? 0;
  const rootEntries = view.getUint16(17, true);
  const media = bytes[21] ?? 0;
  const sane =
    [512, 1024, 2048, 4096].includes(sectorBytes) &&
    clusterSectors !== 0 &&
    (clusterSectors & (clusterSectors - 1)) === 0 &&
    reserved !== 0 &&
    fats !== 0 &&
    (media === 0xf0 || media >= 0xf8);
  if (!sane || !looksBooted(bytes)) return null;
  const fatSectors = view.getUint16(22, true) || view.getUint32(36, true);
  const sectors = view.getUint16(19, true) || view.getUint32(32, true);
  const rootSectors = Math.ceil((rootEntries * 32) / sectorBytes);
  const dataSector = reserved + fats * fatSectors + rootSectors;
  if (fatSectors === 0 || dataSector > sectors) return null;
  const isFat32 = view.getUint16(22, true) === 0;
  const clusterCount = Math.floor((sectors - dataSector) / clusterSectors);
  const smallBits = clusterCount < FAT16_CLUSTERS ? 12 : 16;
  if (!isFat32 && clusterCount >= FAT32_CLUSTERS) return null;
  return {
    bits: isFat32 ? 32 : smallBits,
    clusterBytes: clusterSectors * sectorBytes,
    clusterCount,
    fatOffset: reserved * sectorBytes,
    rootOffset: (reserved + fats * fatSectors) * sectorBytes,
    rootBytes: rootEntries * 32,
    rootCluster: isFat32 ? view.getUint32(44, true) : 0,
    dataOffset: dataSector * sectorBytes,
    uuid: serial(bytes, isFat32 ? 64 : 36),
  };
}

/** More than numbers that happen to fit: the signature of a boot sector, or a name that says FAT. */
function looksBooted(bytes: Uint8Array): boolean {
  const signature = bytes[510] === 0x55 && bytes[511] === 0xaa;
  const jumps = bytes[0] === 0xeb || bytes[0] === 0xe9;
  return (signature && jumps) || hasMagic(bytes, 54, "FAT") || hasMagic(bytes, 82, "FAT32");
}

/** The volume's serial number, as blkid shows it. */
function serial(bytes: Uint8Array, extended: number): string | null {
  if (!EXTENDED_SIGNATURES.includes(bytes[extended + 2] ?? 0)) return null;
  const digits = viewOf(bytes)
    .getUint32(extended + 3, true)
    .toString(16)
    .toUpperCase()
    .padStart(8, "0");
  return digits === "00000000" ? null : `${digits.slice(0, 4)}-${digits.slice(4)}`;
}
