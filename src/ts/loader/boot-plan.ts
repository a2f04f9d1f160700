/** Where kernel, initrd and device tree go in guest memory: the rules of QEMU's arm_setup_direct_kernel_boot. */
import { address, LoadError, megabytes } from "./errors.ts";
import type { KernelImage } from "./kernel.ts";

/** Bytes for a place in guest memory. */
export interface BootSegment {
  gpa: number;
  bytes: Uint8Array;
  /** Bytes behind `bytes` that are set to zero. */
  zeroBytes: number;
}

/** Everything that has to be in guest memory and the first CPU's registers before it starts. */
export interface BootPlan {
  segments: BootSegment[];
  /** Program counter. */
  entry: number;
  /** X0: the device tree's address, or 0 for an ELF file, which QEMU starts with all registers zero. */
  x0: number;
  /** Where the device tree lies; undefined where an ELF file leaves no room for it at the start of RAM. */
  dtbGpa: number | undefined;
  format: KernelImage["format"];
  /** Sentences about what was given and not used. */
  warnings: string[];
}

/** Guest RAM. */
export interface RamRange {
  base: number;
  sizeBytes: number;
}

/** What to boot. */
export interface BootRequest {
  kernel: KernelImage;
  ram: RamRange;
  /** Passed on as it is. */
  initrd?: Uint8Array;
  /** Makes the blob once it is known where the initrd lies: first byte, and one past the last. */
  deviceTree(initrd: { start: number; end: number } | undefined): Uint8Array;
}

const MIB = 0x10_0000;
/** The initrd goes here from the start of RAM, or to half of RAM where that is less. */
const INITRD_OFFSET = 128 * MIB;
/** QEMU aligns the tree of a 64-bit kernel so that it lies in one 2 MiB block, which early kernels map. */
const DTB_ALIGNMENT = 2 * MIB;
const INITRD_ALIGNMENT = 0x1000;

interface Span {
  name: string;
  start: number;
  end: number;
}

/** Plans the boot; throws LoadError where something does not fit or overlaps. */
export function planBoot(request: BootRequest): BootPlan {
  const { kernel, ram } = request;
  const ramEnd = ram.base + ram.sizeBytes;
  const kernelSpans = kernel.segments.map(({ ramOffset, memorySizeBytes }) => {
    const start = ram.base + ramOffset;
    return checkInRam({ name: "The kernel", start, end: start + memorySizeBytes }, ram);
  });
  checkDisjoint(kernelSpans);
  const segments = kernel.segments.map(({ ramOffset, bytes, memorySizeBytes }) => ({
    gpa: ram.base + ramOffset,
    bytes,
    zeroBytes: kernel.format === "ELF" ? memorySizeBytes - bytes.length : 0,
  }));
  const entry = ram.base + kernel.entryRamOffset;
  if (kernel.format === "ELF") return planElf(request, segments, entry, kernelSpans);

  const kernelEnd = Math.max(...kernelSpans.map((span) => span.end));
  const initrd = request.initrd?.length ? placeInitrd(request.initrd, ram, kernelEnd) : undefined;
  if (initrd !== undefined && request.initrd !== undefined) {
    segments.push({ gpa: initrd.start, bytes: request.initrd, zeroBytes: 0 });
  }
  const dtb = request.deviceTree(initrd);
  const initrdEnd = initrd?.end ?? ram.base + Math.min(ram.sizeBytes / 2, INITRD_OFFSET);
  const dtbGpa = placeDtb(dtb, Math.max(initrdEnd, kernelEnd), kernelEnd, initrd?.start ?? ramEnd, ramEnd);
  segments.push({ gpa: dtbGpa, bytes: dtb, zeroBytes: 0 });
  return { segments, entry, x0: dtbGpa, dtbGpa, format: kernel.format, warnings: [] };
}

/** QEMU does not take an ELF file for Linux: no initrd, and the tree at the start of RAM where it leaves room. */
function planElf(request: BootRequest, segments: BootSegment[], entry: number, spans: Span[]): BootPlan {
  const { ram } = request;
  const warnings: string[] = [];
  if (request.initrd?.length) warnings.push("The initrd is not used: an ELF file is started without one, as in QEMU.");
  const dtb = request.deviceTree(undefined);
  const lowest = Math.min(...spans.map((span) => span.start));
  const dtbGpa = ram.base + dtb.length <= lowest ? ram.base : undefined;
  if (dtbGpa !== undefined) segments.push({ gpa: dtbGpa, bytes: dtb, zeroBytes: 0 });
  return { segments, entry, x0: 0, dtbGpa, format: "ELF", warnings };
}

function placeInitrd(initrd: Uint8Array, ram: RamRange, kernelEnd: number): Span {
  const preferred = ram.base + Math.min(ram.sizeBytes / 2, INITRD_OFFSET);
  // A kernel that reaches past the usual place moves the initrd behind itself.
  const start = Math.max(preferred, alignUp(kernelEnd, INITRD_ALIGNMENT));
  const span = { name: "The initrd", start, end: start + initrd.length };
  if (span.end <= ram.base + ram.sizeBytes) return span;
  const below = alignDown(ram.base + ram.sizeBytes - DTB_ALIGNMENT - initrd.length, INITRD_ALIGNMENT);
  if (below >= kernelEnd) return { ...span, start: below, end: below + initrd.length };
  throw new LoadError(
    `Kernel and initrd (${megabytes(initrd.length)}) do not fit together in ${megabytes(ram.sizeBytes)} of memory: give the machine more with -m.`,
  );
}

/** Behind the initrd as QEMU does; in a small memory between kernel and initrd. */
function placeDtb(dtb: Uint8Array, after: number, kernelEnd: number, initrdStart: number, ramEnd: number): number {
  const usual = alignUp(after, DTB_ALIGNMENT);
  if (usual + dtb.length <= ramEnd) return usual;
  const between = alignDown(initrdStart - dtb.length, DTB_ALIGNMENT);
  if (between >= kernelEnd) return between;
  const behind = alignUp(after, 8);
  if (behind + dtb.length <= ramEnd) return behind;
  throw new LoadError(
    "The device tree does not fit in memory beside kernel and initrd: give the machine more with -m.",
  );
}

function checkInRam(span: Span, ram: RamRange): Span {
  const ramEnd = ram.base + ram.sizeBytes;
  if (span.start >= ram.base && span.end <= ramEnd) return span;
  if (span.start >= ram.base && span.start < ramEnd) {
    throw new LoadError(
      `${span.name} needs memory up to ${address(span.end)}, and RAM ends at ${address(ramEnd)}: give the machine more with -m.`,
    );
  }
  throw new LoadError(
    `${span.name} wants to lie at ${address(span.start)}, where no RAM is: it begins at ${address(ram.base)}.`,
  );
}

function checkDisjoint(spans: Span[]): void {
  const sorted = [...spans].sort((a, b) => a.start - b.start);
  sorted.forEach((span, index) => {
    const next = sorted[index + 1];
    if (next !== undefined && next.start < span.end) {
      throw new LoadError(`The kernel's segments at ${address(span.start)} and ${address(next.start)} overlap.`);
    }
  });
}

/** Writes the plan to guest memory; `ram` is the guest's RAM from `ramBase` on. Throws RangeError before writing outside it. */
export function writeBootPlan(plan: BootPlan, ram: Uint8Array, ramBase: number): void {
  for (const { gpa, bytes, zeroBytes } of plan.segments) {
    const offset = gpa - ramBase;
    if (!(offset >= 0 && offset + bytes.length + zeroBytes <= ram.length)) {
      throw new RangeError(`A boot segment at ${address(gpa)} lies outside guest memory.`);
    }
  }
  for (const { gpa, bytes, zeroBytes } of plan.segments) {
    const offset = gpa - ramBase;
    ram.set(bytes, offset);
    ram.fill(0, offset + bytes.length, offset + bytes.length + zeroBytes);
  }
}

function alignUp(value: number, alignment: number): number {
  return Math.ceil(value / alignment) * alignment;
}

function alignDown(value: number, alignment: number): number {
  return Math.floor(value / alignment) * alignment;
}
