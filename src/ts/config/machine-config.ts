/**
 * The description of a machine: what a command line is parsed to, in the page, in Node and through the API. Plain data, so
 * that it can be sent to a worker and saved.
 */

/** The engine's memory comes in WebAssembly pages. */
export const RAM_ALIGN_BYTES = 0x1_0000;

/** `-drive`: a disk image and how it is used. */
export interface DriveConfig {
  readonly id: string;
  /** A path in Node, a URL relative to the page in the browser. */
  readonly file: string;
  readonly format: "raw";
  /** Writes are kept in memory and forgotten. */
  readonly snapshot: boolean;
  readonly readOnly: boolean;
}

/** `-device`: a device by its name and properties, in the order in which they were given. */
export interface DeviceConfig {
  readonly name: string;
  readonly properties: Readonly<Record<string, string>>;
}

/** `-chardev`: a character stream. `stdio` is the machine's terminal. */
export interface CharDeviceConfig {
  readonly id: string;
  readonly kind: "stdio" | "null";
}

/** `-object rng-…`: a source of randomness. */
export interface RandomSourceConfig {
  readonly id: string;
}

/** Classes of log messages (`-d`). */
export const LOG_CLASSES = ["guest_errors", "unimp", "cpu_reset"] as const;
export type LogClass = (typeof LOG_CLASSES)[number];

/** The machine. */
export interface MachineConfig {
  readonly machine: "virt";
  readonly gicVersion: 2 | 3;
  /** Version whose guest-visible defaults hold (`-M virt,armlet=1.0`). */
  readonly armletVersion: string;
  readonly cpu: "cortex-a57";
  readonly cpuCount: number;
  /** A multiple of RAM_ALIGN_BYTES. */
  readonly ramSizeBytes: number;
  readonly kernel: string | null;
  readonly initrd: string | null;
  readonly append: string | null;
  readonly dtb: string | null;
  readonly drives: readonly DriveConfig[];
  readonly devices: readonly DeviceConfig[];
  readonly chardevs: readonly CharDeviceConfig[];
  readonly randomSources: readonly RandomSourceConfig[];
  /** What the PL011 is connected to. */
  readonly serial: "stdio" | "none";
  readonly nographic: boolean;
  /** Nothing is added to what the command line names (`-nodefaults`). */
  readonly noDefaults: boolean;
  /** A guest that resets itself ends the machine. */
  readonly noReboot: boolean;
  readonly log: readonly LogClass[];
}

/** The machine that an empty command line describes. */
export const DEFAULT_CONFIG: MachineConfig = {
  machine: "virt",
  gicVersion: 2,
  armletVersion: "1.0",
  cpu: "cortex-a57",
  cpuCount: 1,
  ramSizeBytes: 256 * 1024 * 1024,
  kernel: null,
  initrd: null,
  append: null,
  dtb: null,
  drives: [],
  devices: [],
  chardevs: [],
  randomSources: [],
  serial: "stdio",
  nographic: false,
  noDefaults: false,
  noReboot: false,
  log: [],
};
