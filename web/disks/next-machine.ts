/** The machine that added files and disks make, of the one that is there or of the page's own. */
import type { FileFindings } from "../../src/ts/api/disk-types.ts";
import { parseCommandLine } from "../../src/ts/config/command-line.ts";
import { ConfigError } from "../../src/ts/config/config-error.ts";
import { formatCommandLine } from "../../src/ts/config/format.ts";
import { type DeviceConfig, keptDiskId, type MachineConfig } from "../../src/ts/config/machine-config.ts";
import { formatOptionList } from "../../src/ts/config/option-list.ts";
import { joinWords } from "../../src/ts/config/shell-words.ts";
import type { GuestProfile } from "../guest-profile.ts";
import { setArguments } from "./kernel-arguments.ts";

/** A disk for the next machine; one that is not in the browser yet has a `file` that only has to be unique. */
export interface NextDisk {
  /** Tells it from the others, whatever becomes of its file. */
  readonly key: number;
  /** "disk:ID". */
  readonly file: string;
  /** For people. */
  readonly name: string;
  readonly role: "disk" | "cdrom";
  readonly findings: FileFindings | null;
}

/** A file that takes the place of what the machine boots with. */
export interface NextFile {
  readonly role: "kernel" | "initrd" | "dtb";
  readonly name: string;
  readonly content: Blob;
}

export interface NextParts {
  readonly disks: readonly NextDisk[];
  readonly files: readonly NextFile[];
}

/** What there is to begin with. */
export interface Beginnings {
  /** The machine that is open; null where none is, or its command line cannot be read. */
  readonly current: GuestProfile | null;
  /** The default machine of this page; null where there is none beside it. */
  readonly standard: GuestProfile | null;
}

/** A machine that the parts can make. */
export interface Proposal {
  /** `add`: one more part of the machine that is there; `boot`, `boot-own`: its disk's system, with our or its kernel. */
  readonly kind: "add" | "boot" | "boot-own";
  /** The key of the disk that is booted; null for `add`. */
  readonly disk: number | null;
  readonly title: string;
  /** Why one would choose it: a sentence or two. */
  readonly reason: string;
}

/** For a distribution, whose init system is larger than our guest. */
const DISTRIBUTION_RAM_BYTES = 512 * 1024 * 1024;

/** Processors whose programs the machine runs. */
const OWN_ARCHITECTURE = "arm64";

/** What the parts can become, the likeliest first; empty where there is nothing to begin with. */
export function proposals(parts: NextParts, beginnings: Beginnings): Proposal[] {
  const boots = (known: boolean): Proposal[] =>
    parts.disks
      .filter(({ findings }) => ((findings?.system ?? null) !== null) === known)
      .flatMap((disk) => bootProposals(disk, parts, beginnings));
  const nothing = beginnings.current === null && beginnings.standard === null;
  // A disk on which no system was found is for data, most of the time.
  return [...boots(true), ...(nothing ? [] : [addProposal(parts, beginnings)]), ...boots(false)];
}

/** Sentences about parts that will not do what one may expect of them. */
export function warnings({ disks }: NextParts): string[] {
  return disks.flatMap(({ name, findings }) => {
    const architecture = findings?.system?.architecture ?? null;
    if (architecture === null || architecture === OWN_ARCHITECTURE) return [];
    return [
      `The system on “${name}” is for ${architecture} processors. This machine is an ${OWN_ARCHITECTURE} one: it can read the disk, but not boot it.`,
    ];
  });
}

function bootProposals(disk: NextDisk, { files }: NextParts, beginnings: Beginnings): Proposal[] {
  const { findings } = disk;
  if (disk.role !== "disk" || findings === null || findings.root === null) return [];
  const { system, root } = findings;
  if (system !== null && (system.architecture ?? OWN_ARCHITECTURE) !== OWN_ARCHITECTURE) return [];
  const title = `Boot ${system?.title ?? `from “${disk.name}”`}`;
  const found: Proposal[] = [];
  const kernel = files.find(({ role }) => role === "kernel");
  if (kernel !== undefined || (beginnings.standard ?? beginnings.current) !== null) {
    const what =
      kernel === undefined
        ? "This page's own kernel, made for this machine"
        : `The kernel that you added (${kernel.name})`;
    found.push({
      kind: "boot",
      disk: disk.key,
      title: `${title} with ${kernel === undefined ? "our kernel" : kernel.name}`,
      reason: `${what}, with root=${root}.${reasonEnd(system !== null, kernel !== undefined)}`,
    });
  }
  if (system !== null && system.kernelPath !== null && kernel === undefined) {
    const initrd = system.initrdPath === null ? "" : ` and ${fileName(system.initrdPath)}`;
    found.push({
      kind: "boot-own",
      disk: disk.key,
      title: `${title} with its own kernel`,
      reason: `${fileName(system.kernelPath)}${initrd}, taken from the disk, as on a computer of its own. Takes longer, and has all its drivers.`,
    });
  }
  return found;
}

function reasonEnd(isSystem: boolean, isOwnKernel: boolean): string {
  if (!isSystem) return " No system was found on it so far.";
  return isOwnKernel ? "" : " The quickest way to its prompt.";
}

function addProposal({ disks, files }: NextParts, { current }: Beginnings): Proposal {
  const what = [
    ...disks.map(({ name, role }) => (role === "cdrom" ? `the CD “${name}”` : `the disk “${name}”`)),
    ...files.map(({ role, name }) => `${FILE_NAMES[role]} ${name}`),
  ];
  return {
    kind: "add",
    disk: null,
    title: current === null ? "Start this page's machine with them" : "Add to the machine that is open",
    reason: `It starts anew with ${listWords(what)}.`,
  };
}

const FILE_NAMES: Record<NextFile["role"], string> = {
  kernel: "the kernel",
  initrd: "the initial file system",
  dtb: "the device tree",
};

/** What came of a proposal. */
export interface NextMachine {
  readonly profile: GuestProfile;
  /** Its command line says it all: this browser can open it again by its address. */
  readonly addressable: boolean;
}

/** Builds the machine that a proposal describes. Throws a ConfigError where its parts do not fit together. */
export function buildMachine(proposal: Proposal, parts: NextParts, beginnings: Beginnings): NextMachine {
  const base =
    proposal.kind === "add" ? (beginnings.current ?? beginnings.standard) : (beginnings.standard ?? beginnings.current);
  const start = parseCommandLine(base?.args ?? "");
  const machine =
    proposal.kind === "add" ? withDisks(start, parts.disks) : bootable(start, proposal, parts, beginnings.current);
  const { config, files } = withFiles(machine, parts.files);
  return {
    profile: {
      args: formatCommandLine(config),
      packed: base?.packed ?? {},
      files: { ...(proposal.kind === "add" ? base?.files : {}), ...files },
    },
    addressable:
      Object.keys(files).length === 0 && (proposal.kind !== "add" || Object.keys(base?.files ?? {}).length === 0),
  };
}

/** What there is to begin with, without what cannot be read. */
export function beginningsOf(current: GuestProfile | null, standard: GuestProfile | null): Beginnings {
  const readable = (profile: GuestProfile | null): GuestProfile | null =>
    profile !== null && isReadable(profile) ? profile : null;
  return { current: readable(current), standard: readable(standard) };
}

/** Whether a profile's command line can be read. */
function isReadable(profile: GuestProfile): boolean {
  try {
    parseCommandLine(profile.args);
    return true;
  } catch (error) {
    if (error instanceof ConfigError) return false;
    throw error;
  }
}

/** The disks of a machine that the browser keeps, by id. */
export function keptDisks(args: string): string[] {
  return parseCommandLine(args).drives.flatMap(({ file }) => keptDiskId(file) ?? []);
}

/** The machine with more disks, whose names in the guest come after those that are there. */
function withDisks(config: MachineConfig, disks: readonly NextDisk[]): MachineConfig {
  const fresh = disks.filter(({ file }) => !config.drives.some((drive) => drive.file === file));
  const added = drivesOf(fresh, config);
  const first = config.devices.findIndex(isDisk);
  const at = first === -1 ? config.devices.length : first;
  return {
    ...config,
    drives: [...config.drives, ...added.drives],
    devices: [...config.devices.slice(0, at), ...added.devices, ...config.devices.slice(at)],
  };
}

/**
 * The machine for a system of its own: the disk with it comes first, other disks of before do not come along. A kernel of this
 * page keeps its initial file system, which hands over to `root=`: not every kernel has the drivers for the disk built in.
 */
function bootable(
  config: MachineConfig,
  { kind, disk }: Proposal,
  { disks, files }: NextParts,
  current: GuestProfile | null,
): MachineConfig {
  const ordered = [...disks.filter(({ key }) => key === disk), ...disks.filter(({ key }) => key !== disk)];
  const { findings = null, file = "" } = ordered[0] ?? {};
  const added = drivesOf(ordered, { ...config, drives: [] });
  const ramSizeBytes = Math.max(config.ramSizeBytes, DISTRIBUTION_RAM_BYTES, ramOf(current));
  const keepsInitrd = kind === "boot" && !files.some(({ role }) => role === "kernel");
  const rest = { ...(keepsInitrd ? {} : NO_INITRD), dtb: null, dtbSha256: null, typed: [] };
  const machine: MachineConfig = {
    ...config,
    ...rest,
    ramSizeBytes,
    drives: added.drives,
    // A second console beside the serial one would have a second login prompt in the same terminal.
    devices: [...config.devices.filter((device) => !isDisk(device) && !isConsole(device)), ...added.devices],
    append: setArguments(config.append ?? "console=ttyAMA0", [
      ...(kind === "boot-own" ? [NO_SELF_TESTS] : []),
      ...rootArguments(findings),
    ]),
    title: findings?.system?.title ?? config.title,
  };
  if (kind === "boot") return machine;
  const hasInitrd = typeof findings?.system?.initrdPath === "string";
  const initrd = hasInitrd ? bootFileName(file, "initrd") : null;
  return { ...machine, kernel: bootFileName(file, "kernel"), kernelSha256: null, initrd };
}

/** Distributions' kernels test their ciphers at every start, which takes half a billion instructions. */
const NO_SELF_TESTS = "cryptomgr.notests";

const NO_INITRD = { initrd: null, initrdSha256: null } as const;

function rootArguments(findings: FileFindings | null): string[] {
  if (findings === null || findings.root === null) return [];
  return [`root=${findings.root}`, "rw", ...findings.rootArguments];
}

/** The name of the kernel or initrd on a kept disk ("disk:ID"), in a command line of this page. */
export function bootFileName(disk: string, part: "kernel" | "initrd"): string {
  return `${disk}/${part}`;
}

function ramOf(profile: GuestProfile | null): number {
  return profile === null ? 0 : parseCommandLine(profile.args).ramSizeBytes;
}

/**
 * Drives and their devices. As with QEMU's virtio-mmio, whose last device is the first that Linux finds, the disk that
 * is named first comes last.
 */
function drivesOf(disks: readonly NextDisk[], { drives }: MachineConfig): Pick<MachineConfig, "drives" | "devices"> {
  const taken = new Set(drives.map(({ id }) => id));
  const words = disks.flatMap(({ file, role }) => {
    const id = freeId(taken);
    taken.add(id);
    const media: [string, string][] = role === "cdrom" ? [["media", "cdrom"]] : [];
    const drive = formatOptionList(null, [["if", "none"], ["id", id], ["file", file], ...media]);
    return ["-drive", drive, "-device", formatOptionList("virtio-blk-device", [["drive", id]])];
  });
  const parsed = parseCommandLine(joinWords(words));
  return { drives: parsed.drives, devices: parsed.devices.toReversed() };
}

function freeId(taken: ReadonlySet<string>): string {
  let number = 0;
  while (taken.has(`hd${number}`)) number += 1;
  return `hd${number}`;
}

function withFiles(
  config: MachineConfig,
  files: readonly NextFile[],
): { config: MachineConfig; files: Record<string, Blob> } {
  let changed = config;
  const contents: Record<string, Blob> = {};
  for (const { role, name, content } of files) {
    const local = `local:${role}/${name}`;
    contents[local] = content;
    changed = { ...changed, [role]: local, [`${role}Sha256`]: null };
  }
  return { config: changed, files: contents };
}

function isDisk({ name }: DeviceConfig): boolean {
  return name.startsWith("virtio-blk");
}

function isConsole({ name }: DeviceConfig): boolean {
  return name === "virtconsole" || name === "virtserialport" || name.startsWith("virtio-serial");
}

function fileName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** "a", "a and b", "a, b and c". */
export function listWords(words: readonly string[]): string {
  const last = words.at(-1) ?? "";
  return words.length < 2 ? last : `${words.slice(0, -1).join(", ")} and ${last}`;
}
