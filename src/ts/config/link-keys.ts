/** The short keys of a link: the one table from which reading, writing and the documentation follow. */
import { parseCommandLine } from "./command-line.ts";
import { ConfigError } from "./config-error.ts";
import { driveValue } from "./format.ts";
import { formatHashedFile } from "./hashed-file.ts";
import type { DriveConfig, MachineConfig } from "./machine-config.ts";
import { parseOptionList } from "./option-list.ts";
import { formatMemorySize } from "./values.ts";

/** A key that stands for a part of the command line. */
export interface MachineKey {
  readonly key: string;
  /** What it may be, as documentation shows it. */
  readonly values: string;
  readonly doc: string;
  /** The machine with that value; an empty one takes away what the machine has. Throws ConfigError. */
  take(config: MachineConfig, value: string): MachineConfig;
  /** The value that makes this part of a machine; null where it has none. */
  show(config: MachineConfig): string | null;
}

/** A key that stands beside the machine. */
export interface PageKey {
  readonly key: "v" | "profile" | "args" | "net" | "cols" | "rows" | "type";
  readonly values: string;
  readonly doc: string;
}

/** Version of the meaning of all keys. A link without `v` is one of version 1. */
export const LINK_VERSION = 1;

/** Older names of keys. */
export const KEY_ALIASES: Readonly<Record<string, string>> = { guest: "profile" };

/** What people call these keys elsewhere: hints for a link that has them. */
export const KEY_SYNONYMS: Readonly<Record<string, string>> = {
  m: "mem",
  memory: "mem",
  ram: "mem",
  cmdline: "append",
  bootargs: "append",
  initramfs: "initrd",
  disk: "disk0",
  drive: "disk0",
  hda: "disk0",
  "hda.url": "disk0",
  hdb: "disk1",
  "hdb.url": "disk1",
  iso: "cdrom",
  "cdrom.url": "cdrom",
  columns: "cols",
  network: "net",
  relay_url: "net",
  machine: "profile",
  c: "type",
};

type BootFile = "kernel" | "initrd" | "dtb";

const fileKey = (key: BootFile, what: string): MachineKey => ({
  key,
  values: "FILE[,sha256=HEX]",
  doc: `\`-${key}\`; empty: no ${what}`,
  take(config, value) {
    if (value === "") return { ...config, [key]: null, [`${key}Sha256`]: null };
    const parsed = parseCommandLine([`-${key}`, value]);
    return { ...config, [key]: parsed[key], [`${key}Sha256`]: parsed[`${key}Sha256`] };
  },
  show: (config) => formatHashedFile(config[key], config[`${key}Sha256`]),
});

/** Properties of a drive that its key decides. */
const OWN_PROPERTIES: readonly string[] = ["id", "if", "index", "file", "media"];

function driveKey(id: string, media: DriveConfig["media"], doc: string): MachineKey {
  const parse = (value: string): DriveConfig => {
    const own = parseOptionList(`file=${value}`, null)
      .slice(1)
      .find(([key]) => OWN_PROPERTIES.includes(key));
    if (own !== undefined) {
      throw new ConfigError(`“${own[0]}” cannot be given here. A comma in a file's name is written twice.`);
    }
    const [drive] = parseCommandLine(["-drive", `if=none,id=${id},media=${media},file=${value}`]).drives;
    if (drive === undefined) throw new Error("no drive came of -drive");
    return drive;
  };
  return {
    key: id,
    values: "FILE[,property=value…]",
    doc,
    take(config, value) {
      const others = config.drives.filter((drive) => drive.id !== id);
      if (value === "") {
        return {
          ...config,
          drives: others,
          devices: config.devices.filter(({ properties }) => properties.drive !== id),
        };
      }
      const drive = parse(value);
      if (others.length < config.drives.length) {
        return { ...config, drives: config.drives.map((other) => (other.id === id ? drive : other)) };
      }
      const device = { name: "virtio-blk-device", properties: { drive: id } };
      return { ...config, drives: [...config.drives, drive], devices: [...config.devices, device] };
    },
    show(config) {
      const drive = config.drives.find((other) => other.id === id);
      return drive === undefined ? null : driveValue(drive);
    },
  };
}

const DISK_KEYS = Array.from({ length: 10 }, (_, index) =>
  driveKey(`disk${index}`, "disk", `a disk: \`-drive id=disk${index},file=…\` with a virtio-blk-device; empty: none`),
);

/** Keys that refine the machine, in the order in which a link has them. */
export const MACHINE_KEYS: readonly MachineKey[] = [
  {
    key: "mem",
    values: "SIZE",
    doc: "`-m`",
    take: (config, value) => ({ ...config, ramSizeBytes: parseCommandLine(["-m", value]).ramSizeBytes }),
    show: ({ ramSizeBytes }) => formatMemorySize(ramSizeBytes),
  },
  {
    key: "gic",
    values: "2|3|max",
    doc: "`-M virt,gic-version=`",
    take: (config, value) => ({
      ...config,
      gicVersion: parseCommandLine(["-M", `virt,gic-version=${value}`]).gicVersion,
    }),
    show: ({ gicVersion }) => String(gicVersion),
  },
  fileKey("kernel", "kernel"),
  fileKey("initrd", "initial file system"),
  {
    key: "append",
    values: "TEXT",
    doc: "`-append`; empty: none",
    take: (config, value) => ({ ...config, append: value === "" ? null : value }),
    show: ({ append }) => append,
  },
  fileKey("dtb", "device tree of its own"),
  ...DISK_KEYS,
  driveKey("cdrom", "cdrom", "a disk that cannot be written: `-drive id=cdrom,media=cdrom,file=…`; empty: none"),
  {
    key: "title",
    values: "TEXT",
    doc: "`-armlet title=`",
    take: (config, value) => ({ ...config, title: value === "" ? null : value }),
    show: ({ title }) => title,
  },
];

/** Keys that are no part of a command line. */
export const PAGE_KEYS: readonly PageKey[] = [
  { key: "profile", values: "NAME", doc: "the machine that the other keys refine; `guest` is its old name" },
  { key: "args", values: "LINE", doc: "a whole command line in place of a profile" },
  { key: "net", values: "none", doc: "reserved for the network: anything else is answered by a warning for now" },
  { key: "cols", values: "NUMBER", doc: "columns of the console" },
  { key: "rows", values: "NUMBER", doc: "its rows" },
  {
    key: "type",
    values: "TEXT",
    doc: "`-armlet type=`, also several times; typed only after the user agreed",
  },
  { key: "v", values: String(LINK_VERSION), doc: "version of these keys; the first without it" },
];

/** Every key there is. */
export const LINK_KEYS: readonly string[] = [...MACHINE_KEYS, ...PAGE_KEYS].map(({ key }) => key);

/** The keys as a table of a Markdown document. */
export function linkKeysMarkdown(): string {
  const [first, last] = [DISK_KEYS[0], DISK_KEYS.at(-1)];
  const rows = [...PAGE_KEYS.slice(0, 2), ...MACHINE_KEYS, ...PAGE_KEYS.slice(2)]
    .filter((row) => row === first || !DISK_KEYS.some((other) => other === row))
    .map(({ key, values, doc }) => {
      const name = key === first?.key ? `\`${key}\` … \`${last?.key ?? ""}\`` : `\`${key}\``;
      return `| ${name} | \`${values.replaceAll("|", "\\|")}\` | ${doc} |`;
    });
  return ["| Key | Value | Stands for |", "|---|---|---|", ...rows].join("\n");
}
