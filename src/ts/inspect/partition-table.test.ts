import { afterAll, describe, expect, it, vi } from "vitest";
import { MemorySource } from "../storage/block-source.ts";
import { InspectError } from "./inspect-error.ts";
import { type PartitionTable, readPartitionTable } from "./partition-table.ts";
import { ImageFolder } from "./testing/images.ts";
import { Volume } from "./volume.ts";

const MIB = 2 ** 20;
// The tools that make the images take their time on a busy machine.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const images = new ImageFolder();
afterAll(() => images.remove());

/** What `sfdisk --json` says of an image. */
interface Expected {
  readonly label: "gpt" | "dos";
  readonly sectorsize: number;
  readonly partitions?: readonly { node: string; start: number; size: number; type: string; name?: string }[];
}

function expected(name: string): Expected {
  return (JSON.parse(images.run("sfdisk", ["--json", name])) as { partitiontable: Expected }).partitiontable;
}

function made(name: string, sizeBytes: number, script: string): string {
  images.empty(name, sizeBytes);
  images.run("sfdisk", ["--quiet", name], script);
  return name;
}

async function read(name: string): Promise<PartitionTable | null> {
  return await readPartitionTable(Volume.of(images.source(name)));
}

/** Ours in sfdisk's words; containers are no partitions of ours. */
async function compare(name: string): Promise<PartitionTable> {
  const table = await read(name);
  if (table === null) throw new Error("no table was found");
  const theirs = expected(name);
  expect(table.kind === "mbr" ? "dos" : table.kind).toBe(theirs.label);
  const real = (theirs.partitions ?? []).filter(({ type }) => !["5", "f", "85"].includes(type));
  expect(
    table.partitions.map(({ number, offsetBytes, sizeBytes, type }) => ({
      node: `${name}${/\d$/.test(name) ? "p" : ""}${number}`,
      start: offsetBytes / theirs.sectorsize,
      size: sizeBytes / theirs.sectorsize,
      type: type.replace(/^0(?=.$)/, ""),
    })),
  ).toEqual(real.map(({ node, start, size, type }) => ({ node, start, size, type: type.toLowerCase() })));
  return table;
}

const GPT = `label: gpt
size=8M, type=U, name="EFI system"
size=16M, name="Größe"
size=4M, type=S
`;

describe("GPT", () => {
  it("is what sfdisk wrote, with names", async () => {
    const table = await compare(made("gpt.img", 64 * MIB, GPT));
    expect(table.partitions.map(({ name }) => name)).toEqual(["EFI system", "Größe", ""]);
    expect(table).toMatchObject({ sectorBytes: 512, notes: [], needsForce: false });
  });

  it("keeps the numbers of entries in any order and with gaps", async () => {
    made(
      "gaps.img",
      64 * MIB,
      `label: gpt\n/dev/x7 : start=40960, size=8192\n/dev/x2 : start=8192, size=2048\n/dev/x128 : size=4096\n`,
    );
    const table = await compare("gaps.img");
    expect(table.partitions.map(({ number }) => number)).toEqual([2, 7, 128]);
  });

  it("is what sgdisk wrote, with 128 and with 256 entries", async () => {
    for (const entries of [128, 256]) {
      images.empty("sgdisk.img", 64 * MIB);
      images.run("sgdisk", [
        "-S",
        `${entries}`,
        "-n",
        "1:2048:+1M",
        "-t",
        "1:8305",
        "-c",
        "1:root 💾",
        "-n",
        `${entries}:0:0`,
        "sgdisk.img",
      ]);
      const table = await compare("sgdisk.img");
      expect(table.partitions[0]).toMatchObject({ name: "root 💾", type: "b921b045-1df0-41c3-af44-4c6f280d3fae" });
    }
  });

  it("may have sectors of 4096 bytes, which Linux must be told", async () => {
    images.empty("4k.img", 64 * MIB);
    images.run("fdisk", ["-b", "4096", "4k.img"], "g\nn\n1\n256\n1279\nn\n5\n1280\n2303\nw\n");
    const table = await read("4k.img");
    expect(table).toMatchObject({ kind: "gpt", sectorBytes: 4096, needsForce: false });
    expect(
      table?.partitions.map(({ number, offsetBytes, sizeBytes }) => [number, offsetBytes / MIB, sizeBytes / MIB]),
    ).toEqual([
      [1, 1, 4],
      [5, 5, 4],
    ]);
    expect(table?.notes.join()).toContain("logical_block_size=4096");
  });

  it.each([
    ["header", 512, 16],
    ["entries", 1024, 1],
    ["entries, of one only", 1024 + 128 + 40, 1],
  ])("is read from its backup where the %s is damaged", async (_, at, count) => {
    made("backup.img", 64 * MIB, GPT);
    const whole = await read("backup.img");
    images.file("damage", new Uint8Array(count).fill(0xa5));
    images.insert("backup.img", "damage", at);
    const table = await read("backup.img");
    expect(table?.partitions).toEqual(whole?.partitions);
    expect(table).toMatchObject({ needsForce: true });
    expect(table?.notes[0]).toMatch(/first copy .* damaged/);
  });

  it("says so where both copies are damaged", async () => {
    made("both.img", 64 * MIB, GPT);
    images.file("damage", new Uint8Array([1]));
    images.insert("both.img", "damage", 512 + 60);
    images.insert("both.img", "damage", 64 * MIB - 512 + 60);
    await expect(read("both.img")).rejects.toThrow(InspectError);
  });

  it("of a cut off image still counts", async () => {
    made("cut.img", 64 * MIB, GPT);
    const bytes = images.bytes("cut.img").slice(0, 5 * MIB);
    const table = await readPartitionTable(Volume.of(new MemorySource(bytes)));
    expect(table?.partitions).toHaveLength(3);
    expect(table?.notes.join()).toContain("cut off");
  });

  it("left over at the end of a disk that was partitioned anew is none", async () => {
    made("old.img", 64 * MIB, GPT);
    images.run("sfdisk", ["--quiet", "--wipe", "never", "--label", "dos", "old.img"], "label: dos\nsize=8M\n");
    expect((await read("old.img"))?.kind).toBe("mbr");
    images.file("zeros", new Uint8Array(MIB));
    images.insert("old.img", "zeros", 0);
    expect(await read("old.img")).toBe(null);
  });
});

describe("MBR", () => {
  it("is what sfdisk wrote: primary and logical partitions", async () => {
    const script = `label: dos
size=4M, type=c, bootable
size=32M, type=5
size=8M, type=83
size=2M, type=82
size=4M
size=6M
size=1M, type=83
`;
    const table = await compare(made("mbr.img", 64 * MIB, script));
    expect(table.partitions.map(({ number }) => number)).toEqual([1, 3, 4, 5, 6, 7]);
    expect(table.partitions.map(({ name }) => name)).toEqual([
      "W95 FAT32 (LBA)",
      "Linux",
      "Linux swap / Solaris",
      "Linux",
      "Linux",
      "Linux",
    ]);
  });

  it("with a gap keeps its numbers", async () => {
    await compare(
      made("mbr-gap.img", 64 * MIB, "label: dos\n/dev/x4 : start=2048, size=2048\n/dev/x2 : start=8192, size=2048\n"),
    );
  });

  it("follows a chain of many logical partitions, and stops where it has no end", async () => {
    const logical = Array.from({ length: 40 }, () => "size=64K").join("\n");
    made("chain.img", 128 * MIB, `label: dos\nsize=120M, type=f\n${logical}\n`);
    const table = await compare("chain.img");
    expect(table.partitions).toHaveLength(40);
    // The second record's link is made to lead back to itself.
    const bytes = images.bytes("chain.img").slice();
    const view = new DataView(bytes.buffer);
    const extended = view.getUint32(446 + 8, true);
    const second = view.getUint32(extended * 512 + 446 + 16 + 8, true);
    view.setUint32((extended + second) * 512 + 446 + 16 + 8, second, true);
    const circle = await readPartitionTable(Volume.of(new MemorySource(bytes)));
    expect(circle?.partitions.filter(({ number }) => number >= 5)).toHaveLength(100);
    expect(circle?.notes.join()).toContain("no end");
  });

  it("is not seen in boot code, in zeros, in a file system", async () => {
    const code = new Uint8Array(4096).fill(0x90);
    code.set([0x55, 0xaa], 510);
    expect(await readPartitionTable(Volume.of(new MemorySource(code)))).toBe(null);
    expect(await readPartitionTable(Volume.of(new MemorySource(new Uint8Array(MIB))))).toBe(null);
    expect(await readPartitionTable(Volume.of(new MemorySource(new Uint8Array(100))))).toBe(null);
    images.empty("fat.img", 16 * MIB);
    images.run("mkfs.vfat", ["fat.img"]);
    expect(await read("fat.img")).toBe(null);
  });
});
