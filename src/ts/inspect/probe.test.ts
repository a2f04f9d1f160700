import { symlinkSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { arm64Image, pattern } from "../loader/testing/samples.ts";
import { type BlockSource, MemorySource } from "../storage/block-source.ts";
import { StorageError } from "../storage/storage-error.ts";
import { extractBootFiles } from "./boot-files.ts";
import type { FileFindings } from "./findings.ts";
import { inspectFile } from "./probe.ts";
import { ImageFolder, StrictSource } from "./testing/images.ts";
import { noise } from "../lib/testing/noise.ts";

const MIB = 2 ** 20;
// The tools that make the images take their time on a busy machine.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const images = new ImageFolder();
afterAll(() => images.remove());

const kernel = arm64Image(700_000, 0, MIB);
const initrd = pattern(90_000, 7);

/** The start of an ELF program: what tells its processor. */
function program(machine: number, bits: 32 | 64 = 64): Uint8Array {
  const bytes = new Uint8Array(200);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, bits / 32, 1, 1]);
  new DataView(bytes.buffer).setUint16(18, machine, true);
  return bytes;
}

const DEBIAN = 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nNAME="Debian GNU/Linux"\nID=debian\n';

/** Files of a root like Debian's, where programs are for `machine`. */
function rootTree(tree: string, machine: number, files: Record<string, string | Uint8Array> = {}): void {
  images.file(`${tree}/usr/lib/os-release`, DEBIAN);
  images.file(`${tree}/usr/bin/dash`, program(machine));
  images.file(`${tree}/etc/hostname`, "test\n");
  symlinkSync("../usr/lib/os-release", images.at(`${tree}/etc/os-release`));
  symlinkSync("usr/bin", images.at(`${tree}/bin`));
  symlinkSync("dash", images.at(`${tree}/usr/bin/sh`));
  for (const [path, content] of Object.entries(files)) images.file(`${tree}${path}`, content);
}

function ext4(name: string, sizeMib: number, tree: string): void {
  images.empty(name, sizeMib * MIB);
  images.run("mke2fs", ["-q", "-F", "-t", "ext4", "-d", tree, name]);
}

function vfat(name: string, sizeMib: number, tree: string, ...top: string[]): void {
  images.empty(name, sizeMib * MIB);
  images.run("mkfs.vfat", ["-n", "ESP", name]);
  images.run("mcopy", ["-s", "-i", name, ...top.map((entry) => images.at(`${tree}/${entry}`)), "::/"]);
}

/** A disk of partitions that have the contents of other images, one after the other from 1 MiB on. */
function disk(name: string, label: "gpt" | "dos", parts: readonly (readonly [string, number, string])[]): void {
  const lines = parts.map(([, sizeMib, type]) => `size=${sizeMib}M, type=${type}`);
  images.empty(name, (parts.reduce((sum, [, sizeMib]) => sum + sizeMib, 0) + 2) * MIB);
  images.run("sfdisk", ["--quiet", name], `label: ${label}\n${lines.join("\n")}\n`);
  let at = MIB;
  for (const [content, sizeMib] of parts) {
    if (content !== "") images.insert(name, content, at);
    at += sizeMib * MIB;
  }
}

async function inspect(name: string): Promise<FileFindings> {
  return await inspectFile(images.source(name), { name, formats: [] });
}

const LINUX = "L";
const ESP = "U";

beforeAll(() => {
  rootTree("debian", 183, {
    "/boot/vmlinuz-6.1.0-9-arm64": pattern(5000),
    "/boot/vmlinuz-6.1.0-50-arm64": kernel,
    "/boot/initrd.img-6.1.0-50-arm64": initrd,
    "/boot/initrd.img-6.1.0-9-arm64": pattern(100),
    "/boot/vmlinuz-6.1.0-50-arm64.old": pattern(5000),
  });
  ext4("debian.ext4", 32, "debian");
  images.file("esp/EFI/BOOT/BOOTAA64.EFI", pattern(1000));
  vfat("esp.fat", 8, "esp", "EFI");
});

describe("inspectFile finds a system", () => {
  it("on a partition, with its kernel", async () => {
    disk("gpt.img", "gpt", [
      ["esp.fat", 8, ESP],
      ["debian.ext4", 32, LINUX],
    ]);
    const findings = await inspect("gpt.img");
    expect(findings).toMatchObject({
      role: "disk",
      formats: [],
      summary: "Debian GNU/Linux 12 (bookworm) on /dev/vda2, ext4.",
      diskSizeBytes: 42 * MIB,
      partitionTable: "gpt",
      partitions: [
        { number: 1, offsetBytes: MIB, sizeBytes: 8 * MIB, fileSystem: "vfat", label: "ESP" },
        { number: 2, offsetBytes: 9 * MIB, sizeBytes: 32 * MIB, fileSystem: "ext4", label: null },
      ],
      system: {
        title: "Debian GNU/Linux 12 (bookworm)",
        partition: 2,
        architecture: "arm64",
        kernelPath: "/boot/vmlinuz-6.1.0-50-arm64",
        initrdPath: "/boot/initrd.img-6.1.0-50-arm64",
      },
      root: "/dev/vda2",
    });
    const files = await extractBootFiles(images.source("gpt.img"), findings);
    expect(Buffer.compare(files?.kernel ?? new Uint8Array(0), kernel)).toBe(0);
    expect(Buffer.compare(files?.initrd ?? new Uint8Array(0), initrd)).toBe(0);
    expect(files?.append).toBe("console=ttyAMA0 root=/dev/vda2 rw");
  });

  it("on a disk without partitions", async () => {
    const findings = await inspect("debian.ext4");
    expect(findings).toMatchObject({
      summary: "Debian GNU/Linux 12 (bookworm) on /dev/vda, ext4.",
      partitionTable: null,
      partitions: [{ number: 0, offsetBytes: 0, sizeBytes: 32 * MIB, fileSystem: "ext4" }],
      root: "/dev/vda",
    });
    expect((await extractBootFiles(images.source("debian.ext4"), findings))?.append).toContain("root=/dev/vda rw");
  });

  it("whose kernel is on a partition of its own", async () => {
    rootTree("bare", 183);
    ext4("bare.ext4", 16, "bare");
    images.file("boot/Image", arm64Image(50_000, 0, MIB));
    images.file("boot/vmlinuz-6.6.3-200.fc39.aarch64", kernel);
    images.file("boot/vmlinuz-0-rescue-1234", kernel);
    images.file("boot/initramfs-6.6.3-200.fc39.aarch64.img", initrd);
    ext4("boot.ext4", 16, "boot");
    disk("boot.img", "dos", [
      ["boot.ext4", 16, "83"],
      ["", 4, "82"],
      ["bare.ext4", 16, "83"],
    ]);
    const findings = await inspect("boot.img");
    expect(findings).toMatchObject({
      partitionTable: "mbr",
      root: "/dev/vda3",
      system: {
        partition: 3,
        kernelPath: "/boot/vmlinuz-6.6.3-200.fc39.aarch64",
        initrdPath: "/boot/initramfs-6.6.3-200.fc39.aarch64.img",
      },
    });
    const files = await extractBootFiles(images.source("boot.img"), findings);
    expect(Buffer.compare(files?.kernel ?? new Uint8Array(0), kernel)).toBe(0);
    expect(files?.append).toBe("console=ttyAMA0 root=/dev/vda3 rw");
  });

  it("whose kernel is compressed, and on FAT", async () => {
    images.file("fatboot/plain", kernel);
    images.run("sh", ["-c", "gzip -9 <fatboot/plain >fatboot/Image.gz"]);
    vfat("fatboot.fat", 16, "fatboot", "Image.gz");
    disk("fatboot.img", "dos", [
      ["fatboot.fat", 16, "c"],
      ["bare.ext4", 16, "83"],
    ]);
    const findings = await inspect("fatboot.img");
    expect(findings).toMatchObject({ root: "/dev/vda2", system: { kernelPath: "/boot/Image.gz", initrdPath: null } });
    const files = await extractBootFiles(images.source("fatboot.img"), findings);
    expect(files).toMatchObject({ initrd: null });
    expect(Buffer.compare(files?.kernel ?? new Uint8Array(0), images.bytes("fatboot/Image.gz"))).toBe(0);
  });

  it("for another processor, and says so", async () => {
    rootTree("x86", 62, { "/boot/vmlinuz-6.1.0": pattern(5000) });
    ext4("x86.ext4", 16, "x86");
    disk("x86.img", "gpt", [["x86.ext4", 16, LINUX]]);
    const findings = await inspect("x86.img");
    expect(findings.system).toMatchObject({ architecture: "x86-64", kernelPath: null });
    expect(findings.summary).toBe(
      "Debian GNU/Linux 12 (bookworm) on /dev/vda1, ext4. Its programs are for x86-64, which this machine cannot run: it needs those for arm64.",
    );
    expect(await extractBootFiles(images.source("x86.img"), findings)).toBe(null);
  });

  it("by its boot entries where its file system cannot be read", async () => {
    images.file(
      "bls/loader/entries/1234-6.5.6-300.fc39.aarch64.conf",
      [
        "title Fedora Linux (6.5.6-300.fc39.aarch64) 39 (Cloud Edition)",
        "linux /vmlinuz-6.5.6-300.fc39.aarch64",
        "options root=UUID=abc rootflags=subvol=root console=ttyS0",
      ].join("\n"),
    );
    images.file("bls/vmlinuz-6.5.6-300.fc39.aarch64", kernel);
    ext4("bls.ext4", 16, "bls");
    images.empty("root.btrfs", 128 * MIB);
    images.run("mkfs.btrfs", ["-q", "root.btrfs"]);
    disk("fedora.img", "gpt", [
      ["esp.fat", 8, ESP],
      ["bls.ext4", 16, LINUX],
      ["root.btrfs", 128, LINUX],
    ]);
    const findings = await inspect("fedora.img");
    expect(findings).toMatchObject({
      summary: "Fedora Linux (6.5.6-300.fc39.aarch64) 39 (Cloud Edition) on /dev/vda3, btrfs.",
      root: "/dev/vda3",
      system: { kernelPath: "/boot/vmlinuz-6.5.6-300.fc39.aarch64" },
    });
    const append = (await extractBootFiles(images.source("fedora.img"), findings))?.append;
    expect(append).toBe("console=ttyAMA0 root=/dev/vda3 rw rootflags=subvol=root");
  });

  it("with an os-release that is slow to read for some", async () => {
    images.file(
      "slow/usr/lib/os-release",
      `A=${" ".repeat(60_000)}x\nPRETTY_NAME='Slow "1"' \nB="${"\\".repeat(2000)}\n`,
    );
    images.file("slow/bin/sh", program(183));
    ext4("slow.ext4", 4, "slow");
    expect((await inspect("slow.ext4")).system?.title).toBe('Slow "1"');
  });

  it("that only firmware can start", async () => {
    disk("uefi.img", "gpt", [["esp.fat", 8, ESP]]);
    expect(await inspect("uefi.img")).toMatchObject({
      summary:
        "A disk with one partition (GPT): vfat on /dev/vda1. It starts by UEFI (\\EFI\\BOOT\\BOOTAA64.EFI on /dev/vda1); no kernel that could be started without was found on it.",
      system: null,
      root: null,
    });
  });

  it("on the disc of an installer", async () => {
    images.file("disc/.disk/info", 'Debian GNU/Linux 12.5.0 "Bookworm" - Official arm64 NETINST\n');
    images.file("disc/install.a64/vmlinuz", kernel);
    images.file("disc/install.a64/initrd.gz", initrd);
    images.file("disc/EFI/BOOT/BOOTAA64.EFI", pattern(1000));
    images.run("genisoimage", ["-quiet", "-R", "-J", "-V", "Debian", "-o", "disc.iso", "disc"]);
    const findings = await inspect("disc.iso");
    expect(findings).toMatchObject({
      role: "cdrom",
      summary: 'Debian GNU/Linux 12.5.0 "Bookworm" - Official arm64 NETINST, a disc (ISO 9660).',
      system: { architecture: "arm64", kernelPath: "/install.a64/vmlinuz", initrdPath: "/install.a64/initrd.gz" },
      root: null,
    });
    expect((await extractBootFiles(images.source("disc.iso"), findings))?.append).toBe("console=ttyAMA0");
  });
});

describe("hostile directories", () => {
  /** Superblock, descriptors and an inode table by the tool; then the root directory's extents are ours. */
  function directoryOfOneBlock(blocks: number): Uint8Array {
    images.file("flat/etc/hostname", "x");
    ext4("flat.ext4", 4, "flat");
    const bytes = images.bytes("flat.ext4");
    const view = new DataView(bytes.buffer);
    const place = /located at block (\d+), offset (0x[0-9a-f]+)/.exec(
      images.run("debugfs", ["-R", "imap <2>", "flat.ext4"]),
    );
    const at = Number(place?.[1]) * 1024 + Number(place?.[2]);
    const block = view.getUint32(at + 40 + 12 + 8, true);
    // An index block in free space, of which every entry maps the next logical block to the same block of names.
    const leaf = bytes.length - 4096;
    const perLeaf = Math.min(blocks, Math.floor((1024 - 12) / 12));
    const count = Math.min(4, Math.ceil(blocks / perLeaf));
    view.setUint16(at + 42, count, true);
    view.setUint16(at + 44, 4, true);
    view.setUint16(at + 46, 1, true);
    for (let index = 0; index < count; index++) {
      view.setUint32(at + 52 + index * 12, index * perLeaf, true);
      view.setUint32(at + 56 + index * 12, leaf / 1024 + index, true);
      view.setUint16(at + 60 + index * 12, 0, true);
      const here = leaf + index * 1024;
      view.setUint16(here, 0xf30a, true);
      view.setUint16(here + 2, perLeaf, true);
      view.setUint16(here + 4, perLeaf, true);
      for (let entry = 0; entry < perLeaf; entry++) {
        view.setUint32(here + 12 + entry * 12, index * perLeaf + entry, true);
        view.setUint16(here + 16 + entry * 12, 1, true);
        view.setUint32(here + 20 + entry * 12, block, true);
      }
    }
    view.setUint32(at + 4, count * perLeaf * 1024, true);
    for (let entry = 0; entry + 12 <= 1024; entry += 12) {
      const name = block * 1024 + entry;
      view.setUint32(name, 11, true);
      view.setUint16(name + 4, entry + 24 <= 1024 ? 12 : 1024 - entry, true);
      view.setUint16(name + 6, 0x0101, true);
      view.setUint8(name + 8, 0x78);
    }
    return bytes;
  }

  it("that say the same names again and again come to an end", async () => {
    const source = new StrictSource(directoryOfOneBlock(10_000));
    const findings = await inspectFile(source, { name: "flat", formats: [] });
    expect(findings).toMatchObject({ role: "disk", system: null });
    expect(source.readBytes).toBeLessThan(8 * MIB);
  });
});

describe("inspectFile looks into containers", () => {
  it.each([
    ["xz", "xz -1"],
    ["gzip", "gzip -1"],
    ["zstd", "zstd -q -1"],
  ])("a small disk in %s, whole", async (format, command) => {
    images.run("sh", ["-c", `${command} -c <fatboot.fat >small.packed`]);
    expect(await inspect("small.packed")).toMatchObject({
      ...{ role: "disk", formats: [format], diskSizeBytes: null },
      partitions: [{ fileSystem: "vfat" }],
    });
    images.run("sh", ["-c", `head -c 8M esp.fat | ${command} -c >smaller.packed`]);
    expect(await inspect("smaller.packed")).toMatchObject({ formats: [format], diskSizeBytes: 8 * MIB });
  });

  it("a large disk in xz, at its beginning", async () => {
    images.run("sh", ["-c", "xz -1 -c <gpt.img >gpt.img.xz"]);
    const findings = await inspect("gpt.img.xz");
    expect(findings).toMatchObject({ role: "disk", formats: ["xz"], diskSizeBytes: null, partitionTable: "gpt" });
    expect(findings.partitions).toHaveLength(2);
    expect(findings.summary).toContain("shows once it is unpacked");
    expect(findings.summary).not.toContain("damaged");
  });

  it("qcow2, plain, with compressed clusters, and packed", async () => {
    const system = { role: "disk", root: "/dev/vda2", diskSizeBytes: 42 * MIB, partitionTable: "gpt" };
    for (const options of [[], ["-c"], ["-c", "-o", "compression_type=zstd"]]) {
      images.run("qemu-img", ["convert", "-O", "qcow2", ...options, "gpt.img", "gpt.qcow2"]);
      const findings = await inspect("gpt.qcow2");
      expect(findings).toMatchObject({ ...system, formats: ["qcow2"] });
      const files = await extractBootFiles(images.source("gpt.qcow2"), findings);
      expect(Buffer.compare(files?.kernel ?? new Uint8Array(0), kernel)).toBe(0);
    }
    images.run("sh", ["-c", "gzip -c <gpt.qcow2 >gpt.qcow2.gz"]);
    expect(await inspect("gpt.qcow2.gz")).toMatchObject({ ...system, formats: ["gzip", "qcow2"] });
  });

  it("a large qcow2 in gzip, of which only the size is told", async () => {
    images.file("noise", noise(20 * MIB, "noise"));
    images.run("qemu-img", ["convert", "-O", "qcow2", "-f", "raw", "noise", "noise.qcow2"]);
    images.run("sh", ["-c", "gzip -1 -c <noise.qcow2 >noise.qcow2.gz"]);
    expect(await inspect("noise.qcow2.gz")).toMatchObject({
      ...{ role: "disk", formats: ["gzip", "qcow2"], diskSizeBytes: 20 * MIB, partitions: [] },
      summary: "A qcow2 disk image of 21 MB, compressed with gzip. What is on it shows once it is unpacked.",
    });
  });

  it("a qcow2 that cannot be used, with the reason", async () => {
    images.run("qemu-img", ["create", "-f", "qcow2", "-b", "gpt.img", "-F", "raw", "child.qcow2"]);
    const findings = await inspect("child.qcow2");
    expect(findings.role).toBe(null);
    expect(findings.summary).toMatch(/only the changes to another image.*qemu-img convert/);
  });

  it("names what was opened before", async () => {
    const findings = await inspectFile(images.source("gpt.img"), { name: "gpt.qcow2.xz", formats: ["xz", "qcow2"] });
    expect(findings).toMatchObject({ formats: ["xz", "qcow2"], root: "/dev/vda2" });
  });
});

describe("inspectFile tells what is no disk", () => {
  const cases: readonly (readonly [string, Uint8Array | string, Partial<FileFindings>])[] = [
    ["Image", kernel, { role: "kernel", summary: "A Linux kernel for arm64." }],
    ["a.elf", program(183), { role: "kernel" }],
    ["ls", program(62), { role: null, summary: "An ELF program for x86-64: this machine runs arm64 programs only." }],
    ["ls", program(40, 32), { role: null, summary: "An ELF program for arm: this machine runs arm64 programs only." }],
    ["initrd", "070701", { role: "initrd" }],
    ["virt.dtb", "\xd0\x0d\xfe\xed", { role: "dtb" }],
    ["a.zip", "PK\x03\x04", { role: null, summary: expect.stringMatching(/zip archive.*Unpack it/) as string }],
    ["a.vmdk", "KDMV", { role: null }],
    ["notes.txt", "Hello\n", { role: null }],
    ["initrd.img", "\x02\x21\x4c\x18", { role: "initrd" }],
    ["Image.lz4", "\x02\x21\x4c\x18", { role: null }],
    ["empty", "", { role: null, summary: "“empty” is empty (or a folder: drop the files in it instead)." }],
    ["blank.img", new Uint8Array(MIB), { role: "disk", diskSizeBytes: MIB }],
    ["blank", new Uint8Array(MIB), { role: "disk", diskSizeBytes: MIB }],
  ];
  it.each(cases)("%s", async (name, content, wanted) => {
    const bytes = typeof content === "string" ? Buffer.from(content, "latin1") : content;
    const padded = new Uint8Array(bytes.length === 0 ? 0 : Math.max(bytes.length, 4096));
    padded.set(bytes);
    const findings = await inspectFile(new MemorySource(padded), { name, formats: [] });
    expect(findings).toMatchObject(wanted);
    expect(findings.summary).toMatch(/^.+[.)]$/);
  });

  it("a tar archive, made by tar", async () => {
    images.run("tar", ["-cf", "boot.tar", "boot"]);
    expect(await inspect("boot.tar")).toMatchObject({
      role: null,
      summary: expect.stringMatching(/tar archive/) as string,
    });
  });

  it("an initramfs and a kernel, compressed by the tools", async () => {
    images.run("sh", ["-c", "cd debian && find . | cpio --quiet -o -H newc | zstd -q >../cpio.zst"]);
    images.run("sh", ["-c", "xz --check=crc32 -c <fatboot/plain >Image.xz"]);
    expect(await inspect("cpio.zst")).toMatchObject({ role: "initrd", formats: ["zstd"] });
    expect(await inspect("Image.xz")).toMatchObject({ role: "kernel", formats: ["xz"] });
  });

  it("damaged compression", async () => {
    const packed = images.bytes("gpt.img.xz").slice();
    packed.fill(0x5a, 40, 200);
    const findings = await inspectFile(new MemorySource(packed), { name: "x.xz", formats: [] });
    expect(findings).toMatchObject({ role: null, summary: expect.stringContaining("damaged") as string });
  });

  it("a disk whose partition table is damaged is still a disk", async () => {
    const bytes = images.bytes("gpt.img");
    bytes.fill(1, 600, 700);
    bytes.fill(1, bytes.length - 500, bytes.length - 400);
    const findings = await inspectFile(new MemorySource(bytes), { name: "x", formats: [] });
    expect(findings).toMatchObject({ role: "disk", diskSizeBytes: 42 * MIB, partitions: [] });
    expect(findings.summary).toMatch(/both copies of it are damaged/);
  });

  it("a folder, and a file that cannot be read", async () => {
    const failing = (error: Error): BlockSource => ({ sizeBytes: 4096, read: () => Promise.reject(error) });
    const folder = await inspectFile(failing(new DOMException("", "NotFoundError")), { name: "photos", formats: [] });
    expect(folder).toMatchObject({
      role: null,
      summary: "“photos” cannot be read. If it is a folder, drop the files in it instead.",
    });
    const gone = new StorageError("gone", "The file was moved.", "");
    expect((await inspectFile(failing(gone), { name: "x", formats: [] })).summary).toContain("The file was moved.");
  });

  it("names that want to be something else", async () => {
    const name = `evil\u202egnp.exe\n<b>${"x".repeat(500)}`;
    const { summary } = await inspectFile(new MemorySource(new Uint8Array(0)), { name, formats: [] });
    expect(summary).not.toMatch(/[\u202e\n]/);
    expect(summary.length).toBeLessThan(250);
  });
});
