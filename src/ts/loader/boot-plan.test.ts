import { describe, expect, it } from "vitest";
import { type BootPlan, planBoot, writeBootPlan } from "./boot-plan.ts";
import { LoadError } from "./errors.ts";
import { parseKernel } from "./kernel.ts";
import { linuxArguments, qemuBoot } from "./testing/qemu-boot.ts";
import { arm64Image, elf64, pattern } from "./testing/samples.ts";

const MIB = 0x10_0000;
const BASE = 0x4000_0000;
const DTB = pattern(3000, 99);

function plan(kernel: Uint8Array, ramMib: number, initrd?: Uint8Array): BootPlan {
  const request = {
    kernel: parseKernel(kernel, BASE),
    ram: { base: BASE, sizeBytes: ramMib * MIB },
    deviceTree: () => DTB,
  };
  return planBoot(initrd === undefined ? request : { ...request, initrd });
}

/** Every segment of the plan but the device tree is where QEMU has it, and so are entry and device tree. */
function expectAsQemu(kernel: Uint8Array, ramMib: number, initrd?: Uint8Array): void {
  const ours = plan(kernel, ramMib, initrd);
  const segments = ours.segments.filter((segment) => segment.bytes !== DTB);
  const ranges = segments.map(({ gpa, bytes, zeroBytes }) => ({ gpa, sizeBytes: bytes.length + zeroBytes }));
  const request = initrd === undefined ? { ramMib, kernel } : { ramMib, kernel, initrd };
  const theirs = qemuBoot(request, [{ gpa: BASE, sizeBytes: 64 }, ...ranges]);
  const [startCode = new Uint8Array(64), ...memory] = theirs.memory;
  if (ours.format === "ELF") {
    expect({ entry: ours.entry, x0: ours.x0 }).toEqual({ entry: theirs.pc, x0: theirs.x0 });
  } else {
    expect({ dtb: ours.x0, entry: ours.entry }).toEqual(linuxArguments(startCode));
  }
  segments.forEach(({ gpa, bytes, zeroBytes }, index) => {
    const expected = new Uint8Array(bytes.length + zeroBytes);
    expected.set(bytes);
    expect(Buffer.compare(memory[index] ?? new Uint8Array(0), expected), gpa.toString(16)).toBe(0);
  });
}

describe("planBoot places as qemu-system-aarch64 -M virt -S -kernel … does", () => {
  const initrd = pattern(5001, 5);
  it("an Image with text_offset 0", () => expectAsQemu(arm64Image(100_000, 0, 200_000), 256, initrd));
  it("an Image with text_offset 0x80000", () => expectAsQemu(arm64Image(100_000, 0x8_0000, 200_000), 256));
  it("an Image with text_offset 0x1000", () => expectAsQemu(arm64Image(5000, 0x1000, 5000), 128, initrd));
  it("an old Image without image_size", () => expectAsQemu(arm64Image(100_000, 0x1234, 0), 256, initrd));
  it("a flat binary", () => expectAsQemu(pattern(4000, 3), 256));
  it("a flat binary of three bytes", () => expectAsQemu(pattern(3, 3), 64, initrd));
  it("the initrd in half of a small memory", () => expectAsQemu(arm64Image(9000, 0, 9000), 96, pattern(3 * MIB, 5)));
  it("the initrd at 128 MiB of a large memory", () =>
    expectAsQemu(arm64Image(9000, 0, 9000), 1024, pattern(3 * MIB, 5)));

  const code = { virtual: 0x4010_0000, physical: 0x4010_0000, bytes: pattern(1000, 7), memorySize: 9000, flags: 5 };
  it("an ELF file with zeroed memory", () => expectAsQemu(elf64(0x4010_0010, [code]), 128, initrd));
  it("an ELF file at the start of RAM", () => {
    expectAsQemu(elf64(BASE, [{ ...code, virtual: BASE, physical: BASE }]), 128);
    expect(plan(elf64(BASE, [{ ...code, virtual: BASE, physical: BASE }]), 128).dtbGpa).toBeUndefined();
  });
  it("an ELF file whose virtual addresses are not the physical ones", () => {
    const data = {
      ...code,
      virtual: 0x9000_0000,
      physical: 0x4020_0000,
      flags: 6,
      bytes: pattern(500, 8),
      memorySize: 500,
    };
    expectAsQemu(elf64(0x8000_0010, [{ ...code, virtual: 0x8000_0000 }, data]), 128);
    expectAsQemu(elf64(0x9000_0010, [{ ...code, virtual: 0x8000_0000 }, data]), 128);
  });
});

describe("planBoot", () => {
  it("puts the device tree of an ELF file at the start of RAM where there is room, as QEMU does", () => {
    const code = { virtual: 0x4010_0000, physical: 0x4010_0000, bytes: pattern(100, 7), memorySize: 100, flags: 5 };
    const ours = plan(elf64(0x4010_0000, [code]), 128, pattern(10));
    expect(ours.dtbGpa).toBe(BASE);
    expect(ours.warnings).toEqual(["The initrd is not used: an ELF file is started without one, as in QEMU."]);
  });

  it("never lets kernel, initrd and device tree overlap, however tight the memory is", () => {
    for (const ramMib of [8, 12, 16, 24, 64]) {
      for (const kernelMib of [1, 3, 5, 10, 20, 40]) {
        for (const initrdMib of [0, 1, 4, 9, 31]) {
          const sizes = `-m ${ramMib}, kernel ${kernelMib} MiB, initrd ${initrdMib} MiB`;
          try {
            const ours = plan(arm64Image(4096, 0, kernelMib * MIB), ramMib, new Uint8Array(initrdMib * MIB));
            const spans = ours.segments.map(({ gpa, bytes }) => [gpa, gpa + bytes.length] as const);
            spans[0] = [ours.entry, ours.entry + kernelMib * MIB];
            spans.sort((a, b) => a[0] - b[0]);
            spans.forEach(([start, end], index) => {
              expect(start, sizes).toBeGreaterThanOrEqual(index === 0 ? BASE : (spans[index - 1]?.[1] ?? BASE));
              expect(end, sizes).toBeLessThanOrEqual(BASE + ramMib * MIB);
            });
            expect(ours.x0 % 8).toBe(0);
          } catch (error) {
            expect(error, sizes).toBeInstanceOf(LoadError);
            expect(2 + kernelMib + initrdMib + 1, sizes).toBeGreaterThan(ramMib - 2);
          }
        }
      }
    }
  });

  it("names what does not fit", () => {
    expect(() => plan(arm64Image(4096, 0, 200 * MIB), 128)).toThrow(
      /needs memory up to 0x4ca00000, and RAM ends at 0x48000000/,
    );
    expect(() => plan(arm64Image(4096, 0, Number.MAX_SAFE_INTEGER), 128)).toThrow(LoadError);
    const low = { virtual: 0, physical: 0, bytes: pattern(100), memorySize: 100, flags: 5 };
    expect(() => plan(elf64(0, [low]), 128)).toThrow(/at 0x0, where no RAM is/);
    const one = { ...low, physical: BASE };
    expect(() => plan(elf64(BASE, [one, { ...one, physical: BASE + 50 }]), 128)).toThrow(/overlap/);
    expect(() => plan(arm64Image(4096, 0, 4096), 64, new Uint8Array(70 * MIB))).toThrow(/do not fit together/);
  });
});

describe("writeBootPlan", () => {
  it("writes what is planned, zeroes what the ELF file wants zeroed, and leaves the rest", () => {
    const ram = new Uint8Array(4 * MIB).fill(0xee);
    const code = { virtual: BASE, physical: BASE + 0x1000, bytes: pattern(100, 7), memorySize: 200, flags: 5 };
    writeBootPlan(plan(elf64(BASE, [code]), 4), ram, BASE);
    expect(ram.subarray(0x1000, 0x1000 + 100)).toEqual(code.bytes);
    expect(ram.subarray(0x1000 + 100, 0x1000 + 200)).toEqual(new Uint8Array(100));
    expect(ram[0xfff]).toBe(DTB[0xfff] ?? 0xee);
    expect(ram[0x1000 + 200]).toBe(0xee);
  });

  it("writes nothing when one part would lie outside", () => {
    const ram = new Uint8Array(4 * MIB).fill(0xee);
    expect(() => writeBootPlan(plan(arm64Image(4096, 0, 4096), 64), ram, BASE)).toThrow(RangeError);
    expect(ram.every((byte) => byte === 0xee)).toBe(true);
  });
});
