import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { crc32 } from "../lib/crc32.ts";
import { arm64Image } from "../loader/testing/samples.ts";
import { extractBootFiles } from "./boot-files.ts";
import { type FileSystem, readWhole } from "./file-system.ts";
import { InspectError } from "./inspect-error.ts";
import { inspectFile } from "./probe.ts";
import { openFileSystem, recognise } from "./recognise.ts";
import { ImageFolder, StrictSource } from "./testing/images.ts";
import { Volume } from "./volume.ts";

const MIB = 2 ** 20;
// The tools that make the images take their time on a busy machine.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const images = new ImageFolder();
afterAll(() => images.remove());

/** What one inspection may read and hold at once; the budget of volume.ts and the limits of the parsers. */
const MAX_READ_BYTES = 128 * MIB;
const MAX_LONGEST_BYTES = 64 * MIB;

/** Numbers that break parsers, beside arbitrary ones. */
const EDGES = [0, 1, 2, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff];

/** The same numbers in every run: a mutation that fails can be found again by its seed. */
class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = (seed * 0x9e37_79b9) >>> 0 || 1;
  }

  below(limit: number): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return (this.#state >>> 0) % limit;
  }

  of<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)] as T;
  }
}

interface Subject {
  readonly bytes: Uint8Array;
  /** Offsets around which the structures are: most mutations go there. */
  readonly interesting: readonly number[];
}

function mutate({ bytes, interesting }: Subject, seed: number): Uint8Array {
  const random = new Random(seed);
  const changed = bytes.slice(0, random.below(10) === 0 ? random.below(bytes.length) : bytes.length);
  const view = new DataView(changed.buffer);
  for (let count = 1 + random.below(4); count > 0; count--) {
    const base = random.below(4) === 0 ? random.below(changed.length) : random.of(interesting);
    const at = Math.min(base + random.below(512), changed.length - 8);
    if (at < 0) continue;
    const value = random.below(3) === 0 ? random.below(2 ** 32) : random.of(EDGES);
    const kind = random.below(5);
    if (kind === 0) view.setUint8(at, value);
    else if (kind === 1) view.setUint16(at & ~1, value, true);
    else if (kind === 2) view.setUint32(at & ~3, value, true);
    else if (kind === 3) view.setBigUint64(at & ~7, BigInt(value) << BigInt(random.below(33)), true);
    else {
      const from = random.of(interesting) + random.below(512);
      changed.copyWithin(at, from, from + 64);
    }
  }
  if (random.below(4) !== 0) mendChecksums(changed);
  return changed;
}

/** Makes the checksums of a GPT right again, so that what is behind them is reached. */
function mendChecksums(bytes: Uint8Array): void {
  if (bytes.length < 1024 || Buffer.from(bytes.subarray(512, 520)).toString("latin1") !== "EFI PART") return;
  const view = new DataView(bytes.buffer);
  const entries = Number(view.getBigUint64(512 + 72, true)) * 512;
  const length = view.getUint32(512 + 80, true) * view.getUint32(512 + 84, true);
  if (entries + length <= bytes.length)
    view.setUint32(512 + 88, crc32(bytes.subarray(entries, entries + length)), true);
  const header = bytes.slice(512, 512 + Math.min(512, view.getUint32(512 + 12, true)));
  if (header.length >= 92) {
    header.fill(0, 16, 20);
    view.setUint32(512 + 16, crc32(header), true);
  }
}

const subjects = new Map<string, Subject>();

function make(name: string, sizeBytes: number, command: readonly string[], interesting: readonly number[]): void {
  images.empty(name, sizeBytes);
  images.run(command[0] ?? "", [...command.slice(1), name]);
  subjects.set(name, { bytes: images.bytes(name), interesting });
}

/** A disk of one image behind its partition table. */
function partitioned(name: string, script: string, content: string, interesting: readonly number[]): void {
  images.empty(name, 6 * MIB);
  images.run("sfdisk", ["--quiet", name], script);
  images.insert(name, content, MIB);
  subjects.set(name, { bytes: images.bytes(name), interesting });
}

beforeAll(() => {
  const elf = new Uint8Array(100);
  elf.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  elf[18] = 183;
  images.file("tree/etc/os-release", 'PRETTY_NAME="Fuzz"\n');
  images.file("tree/bin/sh", elf);
  images.file("tree/boot/vmlinuz-6.1", arm64Image(100_000, 0, MIB));
  images.file("tree/boot/initrd.img-6.1", new Uint8Array(30_000).fill(7));
  for (let index = 0; index < 60; index++) images.file(`tree/many/file with a long name ${index}`, `${index}`);
  images.run("sh", ["-c", "ln -s ../etc tree/many/link; ln -s link tree/many/link2"]);
  // Superblock, group descriptors, and where mke2fs puts bitmaps, inode tables and the first directories.
  const blocks = (from: number, to: number, bytes: number): number[] =>
    Array.from({ length: to - from }, (_, index) => (from + index) * bytes);
  const ext = ["mke2fs", "-q", "-F", "-b", "1024", "-N", "128", "-d", images.at("tree")];
  make("ext4", 3 * MIB, [...ext, "-t", "ext4", "-J", "size=1"], [1024, 1024, 1024, ...blocks(2, 60, 1024)]);
  make(
    "ext4-inline",
    3 * MIB,
    [...ext, "-t", "ext4", "-O", "inline_data", "-J", "size=1"],
    [1024, ...blocks(2, 60, 1024)],
  );
  make("ext2", 2 * MIB, [...ext, "-t", "ext2"], [1024, 1024, ...blocks(2, 60, 1024)]);
  for (const [bits, sizeBytes] of [
    ["12", 2 * MIB],
    ["16", 9 * MIB],
    ["32", 34 * MIB],
  ] as const) {
    make(`fat${bits}`, sizeBytes, ["mkfs.vfat", "-F", bits, "-s", "1"], []);
    const top = ["etc", "bin", "boot", "many"].map((entry) => images.at(`tree/${entry}`));
    images.run("sh", ["-c", `rm -f tree/many/link*; mcopy -s -i fat${bits} ${top.join(" ")} ::/`]);
    const bytes = images.bytes(`fat${bits}`).subarray(0, 3 * MIB);
    subjects.set(`fat${bits}`, { bytes, interesting: [0, 0, 0, 512, ...blocks(1, 120, 512)] });
  }
  images.run("genisoimage", ["-quiet", "-R", "-J", "-o", "iso", "tree"]);
  subjects.set("iso", { bytes: images.bytes("iso"), interesting: blocks(16, 40, 2048) });
  partitioned("gpt", "label: gpt\nsize=3M, type=L\nsize=1M, type=S\n", "ext4", [446, 512, 512, 1024, 1024, MIB + 1024]);
  partitioned("mbr", "label: dos\nsize=3M, type=83\nsize=1M, type=5\nsize=64K\nsize=64K\n", "ext4", [
    446,
    446,
    4 * MIB + 446,
    4 * MIB + 446,
  ]);
});

/** Reads whatever a file system says that it has, up to what anybody would. */
async function readEverything(files: FileSystem, folder: string, left: { entries: number }): Promise<void> {
  for (const { name, kind } of (await files.list(folder)) ?? []) {
    if (--left.entries < 0) return;
    const path = `${folder}/${name}`;
    try {
      if (kind === "directory" && path.length < 200) await readEverything(files, path, left);
      const file = await files.open(path);
      if (file !== null) await readWhole(file, 4 * MIB, path);
    } catch (error) {
      if (!(error instanceof InspectError)) throw error;
    }
  }
}

/** Runs one mutation through everything; throws where something else than an InspectError comes out. */
async function feed(bytes: Uint8Array): Promise<string> {
  const source = new StrictSource(bytes);
  const findings = await inspectFile(source, { name: "fuzz.img", formats: [] });
  expect(source.readBytes).toBeLessThanOrEqual(MAX_READ_BYTES);
  expect(source.longestBytes).toBeLessThan(MAX_LONGEST_BYTES);
  for (const { offsetBytes, sizeBytes } of findings.partitions) {
    expect(Number.isSafeInteger(offsetBytes) && Number.isSafeInteger(sizeBytes) && sizeBytes >= 0).toBe(true);
  }
  try {
    await extractBootFiles(source, findings);
    const volume = Volume.of(source);
    const info = await recognise(volume);
    const files = info === null ? null : await openFileSystem(volume, info.type);
    if (files !== null) await readEverything(files, "", { entries: 500 });
  } catch (error) {
    if (!(error instanceof InspectError)) throw error;
    expect(error.message).toMatch(/^[“A-Z/].*\.$/);
  }
  return findings.summary;
}

describe("hostile images", () => {
  it.each(["ext4", "ext4-inline", "ext2", "fat12", "fat16", "fat32", "iso", "gpt", "mbr"])(
    "%s: 120 mutations, each with a sentence",
    async (name) => {
      const subject = subjects.get(name) ?? { bytes: new Uint8Array(0), interesting: [] };
      expect(await feed(subject.bytes)).toMatch(/\.$/);
      for (let seed = 1; seed <= 120; seed++) {
        const summary = await feed(mutate(subject, seed));
        expect(summary, `seed ${seed}`).toMatch(/^\S.*[.)]$/);
        expect(summary.length, `seed ${seed}`).toBeLessThan(1500);
      }
    },
    120_000,
  );
});
