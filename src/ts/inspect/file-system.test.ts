import { mkdirSync, symlinkSync, truncateSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { openExt } from "./ext4.ts";
import { openFat } from "./fat.ts";
import { type FileSystem, readWhole } from "./file-system.ts";
import { openIso } from "./iso9660.ts";
import { FileSource, ImageFolder } from "./testing/images.ts";
import { Volume } from "./volume.ts";
import { noise } from "../lib/testing/noise.ts";

const KIB = 1024;
const MIB = 2 ** 20;
// The tools that make the images take their time on a busy machine.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const images = new ImageFolder();
afterAll(() => images.remove());

/** Paths in the tree and their contents; everything else is compared with these. */
const files = new Map<string, Uint8Array>();

function add(path: string, content: Uint8Array): void {
  files.set(path, content);
  images.file(`tree${path}`, content);
}

/** All files of a tree are more than an inspection reads. */
const LIMITS = { steps: 1_000_000, bytes: 2 ** 31 };

const SPARSE_BYTES = 9 * MIB + 123;

beforeAll(() => {
  add("/empty", new Uint8Array(0));
  for (const size of [1, 59, 60, 61, 100, 150, 1023, 1024, 1025, 4096, 70_000])
    add(`/sizes/f${size}`, noise(size, `f${size}`));
  add("/large", noise(6 * MIB + 77, "large"));
  add("/Name with spaces and ümläuts, long enough for two pieces.txt", noise(500, "long name"));
  for (let index = 0; index < 600; index++)
    add(`/many/a rather long name of file number ${index}`, Buffer.from(`${index}`));
  add("/a/b/c/d/deep", Buffer.from("deep"));
  add("/etc/os-release", Buffer.from("ID=test\n"));
});

async function compareFiles(system: FileSystem): Promise<void> {
  for (const [path, content] of files) {
    const file = await system.open(path);
    if (file === null) throw new Error(`${path} is not there`);
    expect(file.sizeBytes, path).toBe(content.length);
    expect(Buffer.compare(await readWhole(file, 64 * MIB, path), content), path).toBe(0);
  }
  const folders = new Map<string, Set<string>>([["/", new Set()]]);
  for (const path of files.keys()) {
    for (let at = path.lastIndexOf("/"); at >= 0; at = at === 0 ? -1 : path.lastIndexOf("/", at - 1)) {
      const folder = path.slice(0, at) || "/";
      const name = path.slice(at + 1).split("/")[0] ?? "";
      folders.set(folder, (folders.get(folder) ?? new Set()).add(name));
    }
  }
  for (const [folder, names] of folders) {
    const listed = (await system.list(folder))?.map(({ name }) => name) ?? [];
    for (const name of names) expect(listed, folder).toContain(name);
    expect(new Set(listed).size, folder).toBe(listed.length);
  }
}

async function readsParts(system: FileSystem): Promise<void> {
  const content = files.get("/large") ?? new Uint8Array(0);
  const file = await system.open("/large");
  for (const [offset, length] of [
    [0, 1],
    [4095, 2],
    [1_000_001, 70_003],
    [content.length - 5, 100],
    [content.length, 10],
  ] as const) {
    const part = (await file?.read(offset, length)) ?? new Uint8Array(0);
    expect(Buffer.compare(part, content.subarray(offset, offset + length)), `${offset}`).toBe(0);
  }
}

async function missing(system: FileSystem): Promise<void> {
  for (const path of ["/nothing", "/sizes/f2", "/empty/f1", "/sizes", "/", ""])
    expect(await system.open(path), path).toBe(null);
  for (const path of ["/nothing", "/empty", "/sizes/f1"]) expect(await system.list(path), path).toBe(null);
}

describe.each([
  ["ext4", "-t ext4 -b 4096"],
  ["ext4 with blocks of 1 KiB", "-t ext4 -b 1024"],
  ["ext4 with blocks of 64 KiB", "-t ext4 -b 65536"],
  ["ext4 without 64bit and checksums", "-t ext4 -b 4096 -O ^metadata_csum,^64bit -J size=4"],
  ["ext4 with meta_bg", "-t ext4 -b 1024 -O meta_bg,^resize_inode"],
  ["ext4 with sparse_super2 and meta_bg", "-t ext4 -b 1024 -g 1024 -O meta_bg,^resize_inode,sparse_super2"],
  ["ext4 with bigalloc", "-t ext4 -b 4096 -O bigalloc -C 16384"],
  ["ext4 with inline_data", "-t ext4 -b 4096 -I 256 -O inline_data"],
  ["ext4 with large inodes and inline_data", "-t ext4 -b 4096 -I 1024 -O inline_data"],
  ["ext4 without extents", "-t ext4 -b 1024 -O ^extent,^64bit"],
  ["ext3", "-t ext3 -b 1024"],
  ["ext2 with inodes of 128 bytes", "-t ext2 -b 1024 -I 128"],
  ["ext2 as old as it gets", "-t ext2 -b 1024 -I 128 -O none -r 0"],
])("%s", (_, options) => {
  let system: FileSystem;
  beforeAll(async () => {
    const tree = images.at("tree");
    mkdirSync(`${tree}/links`, { recursive: true });
    const links: Record<string, string> = {
      absolute: "/etc/os-release",
      relative: "../etc/os-release",
      folder: "../a/b",
      long: `${"../links/".repeat(20)}../etc/os-release`,
      above: "../../../../etc/os-release",
      circle: "circle",
      gone: "nowhere",
    };
    for (const [name, target] of Object.entries(links)) {
      try {
        symlinkSync(target, `${tree}/links/${name}`);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      }
    }
    images.file("tree/sparse", Buffer.from("start"));
    truncateSync(`${tree}/sparse`, SPARSE_BYTES - 3);
    images.run("sh", ["-c", "printf end >>tree/sparse"]);
    images.empty("ext.img", 96 * MIB);
    images.run("mke2fs", ["-q", "-F", ...options.split(" "), "-d", "tree", "ext.img"]);
    system = await openExt(Volume.of(new FileSource(images.at("ext.img")), LIMITS));
  });

  it("has the files that mke2fs put there", async () => {
    await compareFiles(system);
  });

  it("is read in parts", async () => {
    await readsParts(system);
  });

  it("has no more than was put there", async () => {
    await missing(system);
  });

  it("follows symbolic links, but not for ever", async () => {
    for (const name of ["absolute", "relative", "long", "above", "folder/../../etc/os-release"]) {
      const file = await system.open(`/links/${name}`);
      expect(file?.sizeBytes, name).toBe(8);
    }
    expect((await system.open("/links/folder/c/d/deep"))?.sizeBytes).toBe(4);
    for (const name of ["circle", "gone"]) expect(await system.open(`/links/${name}`), name).toBe(null);
    const kinds = new Map((await system.list("/links"))?.map(({ name, kind }) => [name, kind]));
    expect(kinds.get("absolute")).toBe("symlink");
    expect(kinds.get("folder")).toBe("symlink");
    expect((await system.list("/"))?.find(({ name }) => name === "etc")?.kind).toBe("directory");
  });

  it("reads holes as zeros", async () => {
    const file = await system.open("/sparse");
    const bytes = file === null ? new Uint8Array(0) : await readWhole(file, 64 * MIB, "/sparse");
    expect(bytes.length).toBe(SPARSE_BYTES);
    expect(Buffer.from(bytes.subarray(0, 5)).toString()).toBe("start");
    expect(Buffer.from(bytes.subarray(-3)).toString()).toBe("end");
    expect(bytes.subarray(5, -3).every((byte) => byte === 0)).toBe(true);
  });
});

describe("ext4 that was written to", () => {
  it("with a hash tree, fragments, and allocated blocks that were never written", async () => {
    images.empty("debugfs.img", 64 * MIB);
    images.run("mke2fs", ["-q", "-F", "-t", "ext4", "-b", "1024", "debugfs.img"]);
    const big = noise(300 * KIB, "big");
    images.file("big", big);
    const script = ["mkdir many"];
    for (let index = 0; index < 120; index++) script.push(`write ${images.at(`tree/sizes/f70000`)} pad${index}`);
    // Every second one goes: what is written next lies in many pieces.
    for (let index = 0; index < 120; index += 2) script.push(`rm pad${index}`);
    for (let index = 0; index < 400; index++) script.push(`symlink many/link${index} target${index}`);
    script.push(`write ${images.at("big")} big`, "fallocate big 350 400", "sif big size 409600");
    images.run("debugfs", ["-w", "-f", "-", "debugfs.img"], `${script.join("\n")}\n`);
    images.run("sh", ["-c", "e2fsck -fyD debugfs.img; test $? -le 1"]);
    const system = await openExt(Volume.of(images.source("debugfs.img")));
    expect(await system.list("/many")).toHaveLength(400);
    const file = await system.open("/big");
    const bytes = file === null ? new Uint8Array(0) : await readWhole(file, MIB, "/big");
    expect(Buffer.compare(bytes.subarray(0, big.length), big)).toBe(0);
    expect(bytes.length).toBe(409_600);
    expect(bytes.subarray(big.length).every((byte) => byte === 0)).toBe(true);
  });
});

describe.each([
  ["FAT12", "-F 12 -s 8", 15],
  ["FAT16", "-F 16", 40],
  ["FAT32", "-F 32 -s 1", 40],
  ["FAT32 with sectors of 4096 bytes", "-F 32 -S 4096 -s 1", 300],
])("%s", (_, options, sizeMib) => {
  let system: FileSystem;
  beforeAll(async () => {
    images.empty("fat.img", sizeMib * MIB);
    images.run("mkfs.vfat", [...options.split(" "), "-n", "MY LABEL", "fat.img"]);
    const top = [
      "empty",
      "sizes",
      "large",
      "many",
      "a",
      "etc",
      "Name with spaces and ümläuts, long enough for two pieces.txt",
    ];
    images.run("mcopy", ["-s", "-i", "fat.img", ...top.map((name) => images.at(`tree/${name}`)), "::/"]);
    system = await openFat(Volume.of(new FileSource(images.at("fat.img")), LIMITS));
  });

  it("has the files that mcopy put there", async () => {
    await compareFiles(system);
  });

  it("is read in parts", async () => {
    await readsParts(system);
  });

  it("has no more than was put there", async () => {
    await missing(system);
    expect((await system.list("/"))?.map(({ name }) => name)).not.toContain("MY LABEL");
  });

  it("does not tell capital letters from small ones", async () => {
    expect((await system.open("/ETC/OS-Release"))?.sizeBytes).toBe(8);
    expect((await system.open("/etc/OS-REL~1"))?.sizeBytes).toBe(8);
  });

  it("is read in pieces that lie apart", async () => {
    images.run("sh", [
      "-c",
      "for n in $(seq 0 599); do echo ::/many/'a rather long name of file number '$n; done | sed -n 'p;n' | tr '\\n' '\\0' | xargs -0 mdel -i fat.img",
    ]);
    const again = noise(200 * KIB, "again");
    images.file("again", again);
    images.run("mcopy", ["-i", "fat.img", images.at("again"), "::/again"]);
    const changed = await openFat(Volume.of(new FileSource(images.at("fat.img")), LIMITS));
    const file = await changed.open("/again");
    expect(Buffer.compare(file === null ? new Uint8Array(0) : await readWhole(file, MIB, "/again"), again)).toBe(0);
    expect(await changed.list("/many")).toHaveLength(300);
  });
});

describe("ISO 9660", () => {
  it("with Rock Ridge has the files that genisoimage put there, and follows links", async () => {
    images.run("genisoimage", ["-quiet", "-R", "-V", "DISC", "-o", "rr.iso", "tree"]);
    const system = await openIso(Volume.of(images.source("rr.iso"), LIMITS));
    await compareFiles(system);
    await readsParts(system);
    await missing(system);
    for (const name of ["absolute", "relative", "above"])
      expect((await system.open(`/links/${name}`))?.sizeBytes).toBe(8);
    expect(await system.open("/links/circle")).toBe(null);
  });

  it("without it has names in capital letters, which are found all the same", async () => {
    images.run("genisoimage", ["-quiet", "-V", "DISC", "-o", "plain.iso", "tree/etc", "tree/large"]);
    const system = await openIso(Volume.of(images.source("plain.iso")));
    expect((await system.open("/large"))?.sizeBytes).toBe(6 * MIB + 77);
    expect((await system.list("/"))?.map(({ name }) => name)).toContain("LARGE");
  });
});
