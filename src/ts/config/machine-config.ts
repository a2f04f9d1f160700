/**
 * The description of a machine: what a command line is parsed to, in the page, in Node and through the API. Plain data, so
 * that it can be sent to a worker and saved.
 */

/** The engine's memory comes in WebAssembly pages. */
export const RAM_ALIGN_BYTES = 0x1_0000;

/** What a disk image can be; what is packed around it (gzip, xz, zstd) is always found by its contents. */
export const DRIVE_FORMATS = ["raw", "qcow2"] as const;
export type DriveFormat = (typeof DRIVE_FORMATS)[number];

/** `-drive`: a disk image and how it is used. */
export interface DriveConfig {
  readonly id: string;
  /** A path in Node, a URL relative to the page in the browser; `disk:ID` is a disk that the browser keeps. */
  readonly file: string;
  /** null: whatever the first bytes say. */
  readonly format: DriveFormat | null;
  /** SHA-256 of the file as it is stored or sent, 64 hexadecimal digits in lower case; null: not checked. */
  readonly sha256: string | null;
  /** A cdrom is read-only. */
  readonly media: "disk" | "cdrom";
  /** Writes are kept in memory and forgotten. */
  readonly snapshot: boolean;
  readonly readOnly: boolean;
}

const KEPT_DISK_SCHEME = "disk:";

/** The id of the kept disk that a drive's file names (`disk:ID`); null for a file. */
export function keptDiskId(file: string): string | null {
  return file.startsWith(KEPT_DISK_SCHEME) ? file.slice(KEPT_DISK_SCHEME.length) : null;
}

/** `-device`: a device by its name and properties, in the order in which they were given. */
export interface DeviceConfig {
  readonly name: string;
  readonly properties: Readonly<Record<string, string>>;
}

/** `-chardev`: a character stream. `stdio` is the machine's terminal. In a page the last three are streams of the API. */
export type CharDeviceConfig =
  | { readonly id: string; readonly kind: "stdio" | "null" }
  | { readonly id: string; readonly kind: "pipe" | "file"; readonly path: string }
  | {
      readonly id: string;
      readonly kind: "socket";
      /** Of a UNIX socket. */
      readonly path: string;
      /** Others connect to it. */
      readonly server: boolean;
      /** The machine starts when somebody has connected. */
      readonly wait: boolean;
    };

export const CHARDEV_KINDS = [
  "stdio",
  "null",
  "socket",
  "pipe",
  "file",
] as const satisfies readonly CharDeviceConfig["kind"][];

/** `-object rng-…`: a source of randomness. */
export interface RandomSourceConfig {
  readonly id: string;
}

/** `-netdev`: a network. */
export type NetdevConfig =
  | {
      readonly id: string;
      readonly kind: "user" /** Given to the guest by DHCP; empty for none. */;
      readonly hostName: string;
    }
  | {
      readonly id: string;
      readonly kind: "hubport";
      /** The number of the hub. */
      readonly hub: number;
      /** The id of a network that is plugged into the hub there; null where a card may be. */
      readonly netdev: string | null;
    }
  | {
      readonly id: string;
      readonly kind: "channel";
      /** Machines of the browser whose channels have the same name share a segment. */
      readonly name: string;
    }
  | {
      readonly id: string;
      readonly kind: "socket";
      /** As MulticastAddress of src/ts/net. In the browser a group is a channel. */
      readonly group: { readonly address: string; readonly port: number; readonly localAddress: string | null };
    };

/** Which way captured packets go, as seen from the network: rx is what the guest sends. */
export const CAPTURE_QUEUES = ["all", "rx", "tx"] as const;

/** QEMU's: the longest packet there is. */
export const DEFAULT_CAPTURE_BYTES = 65_536;

/** `-object filter-dump`: a capture of a network's packets. */
export interface CaptureConfig {
  readonly id: string;
  readonly netdev: string;
  /** A path in Node, a name for people in the browser, which offers the file. */
  readonly file: string;
  /** Longer frames are cut. */
  readonly maxBytes: number;
  readonly queue: (typeof CAPTURE_QUEUES)[number];
}

/** Who keeps owners, permissions and kinds of files (`-fsdev local,security_model=`). */
export const SECURITY_MODELS = ["none", "passthrough", "mapped-xattr", "mapped-file"] as const;
export type SecurityModel = (typeof SECURITY_MODELS)[number];

/** `-fsdev`: files that the guest shares. */
export interface FsdevConfig {
  readonly id: string;
  /** As given: see `treeSource`. */
  readonly path: string;
  readonly securityModel: SecurityModel;
  readonly readOnly: boolean;
}

/** Where files that the guest shares are. */
export type TreeSource =
  /** In memory, gone with the machine. */
  | { readonly kind: "memory" }
  /** A folder of this site in the browser (origin private file system). */
  | { readonly kind: "opfs"; readonly name: string }
  /** A folder of the user's computer that the page may use, by the id that the page gave it. */
  | { readonly kind: "folder"; readonly id: string }
  /** A folder of the host in Node, or the address of a list of files. */
  | { readonly kind: "path"; readonly path: string };

/** What the path of an `-fsdev` names. */
export function treeSource(path: string): TreeSource {
  const [, scheme, rest = ""] = /^(memory|opfs|folder):(.*)$/s.exec(path) ?? [];
  switch (scheme) {
    case "memory":
      return { kind: "memory" };
    case "opfs":
      return { kind: "opfs", name: rest };
    case "folder":
      return { kind: "folder", id: rest };
    default:
      return { kind: "path", path };
  }
}

/** Ways to execute (`-accel`): QEMU's name for translated code, and the interpreter alone. */
export const ACCELERATORS = ["tcg", "interp"] as const;
export type Accelerator = (typeof ACCELERATORS)[number];

/** Classes of log messages (`-d`), and checks that say nothing unless they fail. */
export const LOG_CLASSES = ["guest_errors", "unimp", "cpu_reset", "jit", "lockstep"] as const;
export type LogClass = (typeof LOG_CLASSES)[number];

/** The machine. */
export interface MachineConfig {
  readonly machine: "virt";
  readonly gicVersion: 2 | 3;
  /** A GICv3 has an Interrupt Translation Service (`-M virt,its=on`). */
  readonly its: boolean;
  /** PCI has windows above 4 GiB (`-M virt,highmem=on`). */
  readonly highmem: boolean;
  /** Version whose guest-visible defaults hold (`-M virt,armlet=1.0`). */
  readonly armletVersion: string;
  readonly cpu: "cortex-a57";
  readonly cpuCount: number;
  /** A multiple of RAM_ALIGN_BYTES. */
  readonly ramSizeBytes: number;
  readonly kernel: string | null;
  /** Of the file as it is stored or sent, as DriveConfig.sha256; null: not checked. */
  readonly kernelSha256: string | null;
  readonly initrd: string | null;
  readonly initrdSha256: string | null;
  readonly append: string | null;
  readonly dtb: string | null;
  readonly dtbSha256: string | null;
  readonly drives: readonly DriveConfig[];
  readonly devices: readonly DeviceConfig[];
  readonly chardevs: readonly CharDeviceConfig[];
  readonly randomSources: readonly RandomSourceConfig[];
  readonly netdevs: readonly NetdevConfig[];
  readonly captures: readonly CaptureConfig[];
  readonly fsdevs: readonly FsdevConfig[];
  /** The character device of the monitor; null where it has none of its own. */
  readonly monitor: string | null;
  /** What the PL011 is connected to. */
  readonly serial: "stdio" | "none";
  readonly nographic: boolean;
  /** Nothing is added to what the command line names (`-nodefaults`). */
  readonly noDefaults: boolean;
  /** A guest that resets itself ends the machine. */
  readonly noReboot: boolean;
  /** Hot code is compiled to WebAssembly, or all of it interpreted (`-accel`). */
  readonly accelerator: Accelerator;
  readonly log: readonly LogClass[];
  /** Name for people (`-armlet title=`). */
  readonly title: string | null;
  /** Typed for the user: the first at the first prompt, each further one at the next prompt (`-armlet type=`). */
  readonly typed: readonly string[];
}

/** The machine that an empty command line describes. */
export const DEFAULT_CONFIG: MachineConfig = {
  machine: "virt",
  gicVersion: 2,
  its: true,
  highmem: true,
  armletVersion: "1.0",
  cpu: "cortex-a57",
  cpuCount: 1,
  ramSizeBytes: 256 * 1024 * 1024,
  kernel: null,
  kernelSha256: null,
  initrd: null,
  initrdSha256: null,
  append: null,
  dtb: null,
  dtbSha256: null,
  drives: [],
  devices: [],
  chardevs: [],
  randomSources: [],
  netdevs: [],
  captures: [],
  fsdevs: [],
  monitor: null,
  serial: "stdio",
  nographic: false,
  noDefaults: false,
  noReboot: false,
  accelerator: "tcg",
  log: [],
  title: null,
  typed: [],
};
