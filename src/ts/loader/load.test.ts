import { execFileSync } from "node:child_process";
import { beforeAll, describe, expect, it } from "vitest";
import { LoadError } from "./errors.ts";
import { loadInitrd, loadKernel } from "./load.ts";
import { arm64Image, elf64, pattern } from "./testing/samples.ts";

const MIB = 0x10_0000;
const BASE = 0x4000_0000;
const options = { limitBytes: 16 * MIB };

/** Output of a tool that reads standard input. */
function tool(command: string, args: string[], input: Uint8Array): Uint8Array {
  return new Uint8Array(execFileSync(command, args, { input, maxBuffer: 1 << 28 }));
}

const COMPRESSORS: Record<string, (bytes: Uint8Array) => Uint8Array> = {
  "gzip -9": (bytes) => tool("gzip", ["-9", "-c"], bytes),
  "gzip -1": (bytes) => tool("gzip", ["-1", "-c"], bytes),
  "zstd -19": (bytes) => tool("zstd", ["-19", "-q", "-c"], bytes),
  "zstd -1 without checksum": (bytes) => tool("zstd", ["-1", "--no-check", "-q", "-c"], bytes),
  "zstd --long=27": (bytes) => tool("zstd", ["-3", "--long=27", "-q", "-c"], bytes),
  "xz -9": (bytes) => tool("xz", ["-9", "-c"], bytes),
  "xz --check=crc32 (as for kernels)": (bytes) => tool("xz", ["--check=crc32", "-c"], bytes),
};

const image = arm64Image(700_123, 0, 4 * MIB);
const compressed = new Map<string, Uint8Array>();
beforeAll(() => {
  for (const [name, compress] of Object.entries(COMPRESSORS)) compressed.set(name, compress(image));
});

/** The input cut into pieces of `pieceBytes`, as a download brings it. */
async function* inPieces(bytes: Uint8Array, pieceBytes: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.slice(at, at + pieceBytes);
}

async function bytesOf(input: Parameters<typeof loadKernel>[0], limitBytes = 16 * MIB): Promise<Uint8Array> {
  return (await loadKernel(input, BASE, { limitBytes })).segments[0]?.bytes ?? new Uint8Array(0);
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

describe("loadKernel", () => {
  for (const name of Object.keys(COMPRESSORS)) {
    it(`unpacks ${name}, whole and in pieces of any size`, async () => {
      const file = compressed.get(name) ?? new Uint8Array(0);
      expect(same(await bytesOf(file), image)).toBe(true);
      for (const size of [1009, 65536]) expect(same(await bytesOf(inPieces(file, size)), image), `${size}`).toBe(true);
      const stream = new Blob([new Uint8Array(file)]).stream() as ReadableStream<Uint8Array>;
      expect(same(await bytesOf(stream), image)).toBe(true);
    });

    it(`says that ${name} is truncated, wherever it ends`, async () => {
      const file = compressed.get(name) ?? new Uint8Array(0);
      for (const length of [70, Math.floor(file.length / 3), file.length - 12]) {
        await expect(bytesOf(file.slice(0, length)), `${length}`).rejects.toThrow(LoadError);
      }
    });
  }

  it("finds damage by the checksum of gzip and xz", async () => {
    for (const name of ["gzip -9", "xz -9"]) {
      const file = (compressed.get(name) ?? new Uint8Array(0)).slice();
      const middle = Math.floor(file.length / 2);
      file[middle] = (file[middle] ?? 0) ^ 0x10;
      await expect(bytesOf(file), name).rejects.toThrow(/damaged or truncated/);
    }
  });

  it("unpacks what is packed twice, and gives up on what is packed without end", async () => {
    const twice = tool("zstd", ["-q", "-c"], compressed.get("xz -9") ?? new Uint8Array(0));
    expect(same(await bytesOf(twice), image)).toBe(true);
    let deep: Uint8Array = image;
    for (let layer = 0; layer < 6; layer++) deep = tool("gzip", ["-1", "-c"], deep);
    await expect(bytesOf(deep)).rejects.toThrow(/compressed more than 4 times/);
  });

  it("unpacks several zstd frames, skippable ones between them, and ignores what follows", async () => {
    const skippable = new Uint8Array([0x53, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 9, 9, 9]);
    const half = image.length >> 1;
    const parts = [
      skippable,
      tool("zstd", ["-q", "-c"], image.slice(0, half)),
      skippable,
      tool("zstd", ["-q", "-c"], image.slice(half)),
      new Uint8Array([1, 2, 3, 4]),
    ];
    // A frame comes first, or the file would not be recognised.
    const file = new Uint8Array(Buffer.concat(parts.slice(1)));
    expect(same(await bytesOf(file), image)).toBe(true);
  });

  it("stops at the memory's size, long before a bomb is unpacked", async () => {
    const zeros = new Uint8Array(8 * MIB);
    for (const [name, compress] of Object.entries(COMPRESSORS)) {
      if (name.includes("--long")) continue;
      await expect(bytesOf(compress(zeros), MIB), name).rejects.toThrow(/larger than the memory of 1.0 MB/);
    }
    await expect(bytesOf(new Uint8Array(3 * MIB), 2 * MIB)).rejects.toThrow(/larger than the memory/);
  });

  it("refuses a zstd window that would take all memory", async () => {
    const file = (compressed.get("zstd -19") ?? new Uint8Array(0)).slice();
    const header = new Uint8Array([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xff, 0, 0, 0]);
    file.set(header);
    await expect(bytesOf(file)).rejects.toThrow(/window of more than 128 MiB/);
  });

  it("passes an error of the input on as it is, through every decoder", async () => {
    for (const name of Object.keys(COMPRESSORS)) {
      const file = compressed.get(name) ?? new Uint8Array(0);
      const lost = new Error("connection lost");
      async function* failing(): AsyncGenerator<Uint8Array> {
        yield file.slice(0, 5000);
        throw lost;
      }
      await expect(bytesOf(failing()), name).rejects.toBe(lost);
    }
  });

  it("stops when it is told to, and lets go of the input", async () => {
    for (const name of ["gzip -9", "zstd -19", "xz -9"]) {
      const controller = new AbortController();
      let released = false;
      async function* source(): AsyncGenerator<Uint8Array> {
        try {
          yield* inPieces(compressed.get(name) ?? new Uint8Array(0), 4096);
        } finally {
          released = true;
        }
      }
      const reason = new Error("not wanted");
      const onProgress = (): void => controller.abort(reason);
      const loading = loadKernel(source(), BASE, { ...options, signal: controller.signal, onProgress });
      await expect(loading, name).rejects.toBe(reason);
      expect(released, name).toBe(true);
    }
    const never = new ReadableStream<Uint8Array>({ start: (stream) => stream.enqueue(image.slice(0, 100)) });
    const controller = new AbortController();
    const waiting = loadKernel(never, BASE, { ...options, signal: controller.signal });
    setTimeout(() => controller.abort(new Error("waited long enough")), 20);
    await expect(waiting).rejects.toThrow("waited long enough");
    // The decoder's own lock must be free again.
    expect(same(await bytesOf(compressed.get("xz -9") ?? new Uint8Array(0)), image)).toBe(true);
  });

  it("reports progress in bytes read and bytes out, up to both sizes", async () => {
    const file = compressed.get("gzip -9") ?? new Uint8Array(0);
    const reports: { bytesIn: number; bytesOut: number }[] = [];
    await loadKernel(inPieces(file, 10_000), BASE, { ...options, onProgress: (progress) => reports.push(progress) });
    expect(reports.length).toBeGreaterThan(5);
    expect(reports.at(-1)).toEqual({ bytesIn: file.length, bytesOut: image.length });
  });

  it("unpacks a kernel of the EFI zboot kind", async () => {
    for (const [type, name, tail] of [
      ["gzip", "gzip -9", 0],
      ["zstd", "zstd -19", 4],
      ["xzkern", "xz -9", 4],
    ] as const) {
      const payload = compressed.get(name) ?? new Uint8Array(0);
      const file = new Uint8Array(0x1000 + payload.length + tail + 700);
      const view = new DataView(file.buffer);
      file.set(new TextEncoder().encode("MZ\0\0zimg"));
      view.setUint32(8, 0x1000, true);
      view.setUint32(12, payload.length + tail, true);
      file.set(new TextEncoder().encode(type), 24);
      file.set(payload, 0x1000);
      expect(same(await bytesOf(file), image), type).toBe(true);
      expect(same(await bytesOf(inPieces(file, 777)), image), type).toBe(true);
      await expect(bytesOf(file.slice(0, 0x1000 + 5000)), type).rejects.toThrow(/truncated/);
      file.set(new TextEncoder().encode("lzma\0\0"), 24);
      await expect(bytesOf(file)).rejects.toThrow(/compressed with lzma/);
    }
  });
});

describe("loadKernel refuses with a sentence", () => {
  const segment = { virtual: BASE, physical: BASE, bytes: pattern(100), memorySize: 100, flags: 5 };
  const at = (offset: number, text: string): Uint8Array => {
    const bytes = new Uint8Array(0x9000);
    for (let index = 0; index < text.length; index++) bytes[offset + index] = text.charCodeAt(index);
    return bytes;
  };
  const cases: [string, Uint8Array, RegExp][] = [
    ["an empty file", new Uint8Array(0), /empty/],
    ["an x86-64 ELF file", elf64(BASE, [segment], { 18: 62 }), /for x86-64; the machine needs one for AArch64/],
    ["a 32-bit Arm ELF file", elf64(BASE, [segment], { 4: 1, 18: 40 }), /for 32-bit Arm/],
    ["an ILP32 ELF file", elf64(BASE, [segment], { 4: 1 }), /32-bit/],
    ["a big-endian ELF file", elf64(BASE, [segment], { 5: 2, 18: 0, 19: 183 }), /big-endian/],
    ["an object file", elf64(BASE, [segment], { 16: 1 }), /not an executable/],
    ["an ELF file without segments", elf64(BASE, []), /nothing to load/],
    ["a truncated ELF file", elf64(BASE, [segment]).slice(0, 150), /truncated/],
    ["an ELF header alone", elf64(BASE, [segment]).slice(0, 64), /truncated/],
    ["ten bytes of ELF", elf64(BASE, [segment]).slice(0, 10), /truncated/],
    ["a zImage", at(0x24, "\x18\x28\x6f\x01"), /zImage, a kernel for 32-bit Arm/],
    ["a bzImage", at(0x202, "HdrS"), /bzImage, a kernel for x86/],
    ["a RISC-V kernel", at(0x38, "RSC\x05"), /RISC-V/],
    ["a uImage", at(0, "\x27\x05\x19\x56"), /U-Boot/],
    ["a device tree", at(0, "\xd0\x0d\xfe\xed"), /-dtb/],
    ["an initramfs", at(0, "070701"), /-initrd/],
    ["a qcow2 image", at(0, "QFI\xfb"), /-drive/],
    ["an ISO image", at(0x8001, "CD001"), /-drive/],
    ["an LZ4 file", at(0, "\x02\x21\x4c\x18"), /LZ4/],
    ["a bzip2 file", at(0, "BZh9"), /bzip2/],
  ];
  for (const [name, bytes, sentence] of cases) {
    it(name, async () => {
      const loading = loadKernel(bytes, BASE, options);
      await expect(loading).rejects.toThrow(sentence);
      await expect(loading).rejects.toBeInstanceOf(LoadError);
    });
  }

  it("an Image that is shorter than its PE sections say", async () => {
    const kernel = arm64Image(MIB, 0, MIB);
    const view = new DataView(kernel.buffer);
    kernel.set([0x4d, 0x5a]);
    view.setUint32(60, 64, true);
    view.setUint32(64, 0x0000_4550, true);
    view.setUint16(68, 0xaa64, true);
    view.setUint16(70, 1, true);
    view.setUint16(84, 160, true);
    view.setUint32(88 + 160 + 16, MIB - 0x1_0000, true);
    view.setUint32(88 + 160 + 20, 0x1_0000, true);
    expect((await loadKernel(kernel, BASE, options)).format).toBe("Image");
    await expect(loadKernel(kernel.slice(0, MIB - 1), BASE, options)).rejects.toThrow(/truncated/);
  });
});

describe("loadInitrd", () => {
  it("passes every format on as it is", async () => {
    for (const file of compressed.values()) expect(same(await loadInitrd(file, options), file)).toBe(true);
  });
});
