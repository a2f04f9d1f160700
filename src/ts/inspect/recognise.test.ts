import { afterAll, describe, expect, it, vi } from "vitest";
import { MemorySource } from "../storage/block-source.ts";
import { recognise } from "./recognise.ts";
import { ImageFolder } from "./testing/images.ts";
import { Volume } from "./volume.ts";
import { noise } from "../lib/testing/noise.ts";

const MIB = 2 ** 20;
// The tools that make the images take their time on a busy machine.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const images = new ImageFolder();
afterAll(() => images.remove());

/** What `blkid -p` says. */
function blkid(name: string): { type: string | null; label: string | null; uuid: string | null } {
  const value = (tag: string): string | null =>
    images.run("sh", ["-c", `blkid -p -o value -s ${tag} ${name} || test $? -eq 2`]).trimEnd() || null;
  return { type: value("TYPE"), label: value("LABEL"), uuid: value("UUID") };
}

/** Tool and arguments; the image is made before with that many MiB. */
const MAKERS: readonly (readonly [string, number, string, readonly string[]])[] = [
  ["ext4", 16, "mke2fs", ["-q", "-F", "-t", "ext4", "-L", "My root"]],
  ["ext4 without label", 16, "mke2fs", ["-q", "-F", "-t", "ext4"]],
  ["ext4, label of all 16 bytes", 16, "mke2fs", ["-q", "-F", "-t", "ext4", "-L", "0123456789abcdef"]],
  ["ext3", 16, "mke2fs", ["-q", "-F", "-t", "ext3", "-L", "three"]],
  ["ext2", 16, "mke2fs", ["-q", "-F", "-t", "ext2", "-L", "two"]],
  ["ext2 with extents is ext4", 16, "mke2fs", ["-q", "-F", "-t", "ext2", "-O", "extent"]],
  ["journal", 16, "mke2fs", ["-q", "-F", "-b", "1024", "-O", "journal_dev", "-L", "log"]],
  ["FAT12", 4, "mkfs.vfat", ["-F", "12", "-n", "FLOPPY"]],
  ["FAT16", 32, "mkfs.vfat", ["-F", "16", "-n", "SIXTEEN", "-i", "0012ABCD"]],
  ["FAT32", 64, "mkfs.vfat", ["-F", "32", "-n", "EFI SYSTEM"]],
  ["FAT without label", 16, "mkfs.vfat", []],
  ["exFAT", 16, "mkfs.exfat", []],
  ["swap", 16, "mkswap", ["-q", "-L", "swap space"]],
  ["swap of 64 KiB pages", 16, "mkswap", ["-q", "-p", "65536"]],
  ["xfs", 320, "mkfs.xfs", ["-q", "-L", "xfs root"]],
  ["btrfs", 128, "mkfs.btrfs", ["-q", "-L", "btrfs root"]],
  ["f2fs", 64, "mkfs.f2fs", ["-q", "-l", "flash"]],
];

describe("file systems, as blkid sees them", () => {
  it.each(MAKERS)("%s", async (name, sizeMib, tool, options) => {
    const image = `${name.replace(/\W/g, "-")}.img`;
    images.empty(image, sizeMib * MIB);
    images.run(tool, [...options, image]);
    expect(await recognise(Volume.of(images.source(image)))).toEqual(blkid(image));
  });

  it("LUKS 1 and 2", async () => {
    for (const version of ["1", "2"]) {
      const image = `luks${version}.img`;
      images.empty(image, 32 * MIB);
      const label = version === "2" ? ["--label", "secret"] : [];
      const quick = ["--pbkdf", "pbkdf2", "--pbkdf-force-iterations", "1000"];
      images.run(
        "cryptsetup",
        ["luksFormat", "--batch-mode", "--type", `luks${version}`, ...label, ...quick, "--key-file", "-", image],
        "key",
      );
      expect(await recognise(Volume.of(images.source(image)))).toEqual(blkid(image));
    }
  });

  it("squashfs and ISO 9660, with and without Joliet", async () => {
    images.file("tree/file", noise(5000, "file"));
    images.run("mksquashfs", ["tree", "tree.squashfs", "-quiet", "-no-progress"]);
    images.run("genisoimage", ["-quiet", "-V", "DISC_1", "-o", "plain.iso", "tree"]);
    images.run("genisoimage", ["-quiet", "-J", "-V", "Größe", "-input-charset", "utf-8", "-o", "joliet.iso", "tree"]);
    for (const image of ["tree.squashfs", "plain.iso", "joliet.iso"]) {
      expect(await recognise(Volume.of(images.source(image))), image).toEqual(blkid(image));
    }
  });

  it("nothing in zeros, noise and short files", async () => {
    for (const bytes of [new Uint8Array(MIB), noise(MIB, "nothing"), new Uint8Array(10)]) {
      expect(await recognise(Volume.of(new MemorySource(bytes)))).toBe(null);
    }
  });
});
