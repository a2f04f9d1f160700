import { execFileSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { StorageError } from "../storage-error.ts";
import { DETECT_BYTES, detectFormat } from "./detect.ts";
import { ImageFolder, sampleDisk } from "./testing/samples.ts";

const DISK = sampleDisk(200_000);

let folder: ImageFolder;
beforeAll(() => {
  folder = new ImageFolder();
  folder.write("disk.raw", DISK);
});
afterAll(() => folder.remove());

function packed(tool: string, ...args: string[]): Uint8Array {
  return new Uint8Array(execFileSync(tool, args, { input: DISK, maxBuffer: 1 << 26 }));
}

function head(bytes: Uint8Array): Uint8Array {
  return bytes.subarray(0, DETECT_BYTES);
}

describe("detectFormat", () => {
  it.each(["gzip", "xz", "zstd"])("knows what %s writes", (tool) => {
    expect(detectFormat(head(packed(tool, "-c")))).toBe(tool);
  });

  it.each(["compat=0.10", "compat=1.1"])("knows qcow2 of qemu-img, %s", (options) => {
    folder.run("qemu-img", "create", "-q", "-f", "qcow2", "-o", options, "a.qcow2", "1M");
    expect(detectFormat(head(folder.read("a.qcow2")))).toBe("qcow2");
  });

  it("knows an ISO 9660 image by its volume descriptor", () => {
    const image = new Uint8Array(0x9000);
    image.set(Buffer.from("\x01CD001\x01", "latin1"), 0x8000);
    expect(detectFormat(head(image))).toBe("iso9660");
  });

  it("knows the manifest of a chunk set, however it is laid out", () => {
    expect(detectFormat(Buffer.from('{"armletChunkSet":1}'))).toBe("chunk-set");
    expect(detectFormat(Buffer.from('\n{\n  "armletChunkSet": 1,'))).toBe("chunk-set");
  });

  it("takes everything else for raw, however short", () => {
    expect(detectFormat(head(DISK))).toBe("raw");
    expect(detectFormat(new Uint8Array(0))).toBe("raw");
    expect(detectFormat(Uint8Array.of(0x1f, 0x8b))).toBe("raw");
    expect(detectFormat(new Uint8Array(DETECT_BYTES))).toBe("raw");
  });

  it.each(["vmdk", "vdi", "vhdx", "vpc", "qed", "parallels", "qcow"])(
    "refuses %s of qemu-img, and says how to convert it",
    (format) => {
      folder.run("qemu-img", "convert", "-O", format, "disk.raw", `a.${format}`);
      const name = refusal(head(folder.read(`a.${format}`)));
      expect(name.advice).toContain(`qemu-img convert -f ${format} -O qcow2`);
    },
  );

  it("refuses tar, bzip2, zip and others by their names", () => {
    folder.run("tar", "-cf", "a.tar", "disk.raw");
    expect(refusal(head(folder.read("a.tar"))).message).toContain("tar archive");
    for (const [magic, name] of [
      ["BZh91AY&SY", "bzip2"],
      ["PK\x03\x04", "zip archive"],
      ["7z\xbc\xaf\x27\x1c", "7z archive"],
      ["\x04\x22\x4d\x18", "LZ4"],
      ["<!DOCTYPE html><html>", "web page"],
      ["# Disk DescriptorFile\n", "VMDK"],
      ["QFI\xfb\x00\x00\x00\x09", "version that is not known"],
    ] as const) {
      expect(refusal(Buffer.from(magic, "latin1")).message, name).toContain(name);
    }
  });
});

function refusal(bytes: Uint8Array): StorageError {
  try {
    detectFormat(bytes);
  } catch (error) {
    if (error instanceof StorageError) return error;
  }
  throw new Error("it was not refused");
}
