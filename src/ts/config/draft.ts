/** A machine's description while its command line is read: what one option says may be settled by a later one. */
import { ConfigError } from "./config-error.ts";
import { DEFAULT_CONFIG, type DeviceConfig, type DriveConfig, type MachineConfig } from "./machine-config.ts";
import { suggestion } from "./values.ts";

/** A drive, and whether it brings a device of its own. */
export interface DraftDrive extends DriveConfig {
  readonly interface: "none" | "virtio" | "scsi";
  /** Number among the drives of its interface. */
  readonly unit: number;
}

export interface Draft {
  readonly config: { -readonly [Key in keyof MachineConfig]: MachineConfig[Key] };
  drives: DraftDrive[];
  /** Values of `-serial`, in their order. */
  readonly serials: string[];
  /** `-snapshot`: for every drive. */
  snapshot: boolean;
}

export function newDraft(): Draft {
  return { config: { ...DEFAULT_CONFIG }, drives: [], serials: [], snapshot: false };
}

/** What the whole command line came to. Throws ConfigError where its parts do not fit together. */
export function settle(draft: Draft): MachineConfig {
  const drives = draft.drives.map(({ interface: _, unit: __, ...drive }) => ({
    ...drive,
    snapshot: drive.snapshot || draft.snapshot,
  }));
  // As in QEMU, these devices come after those that are named.
  const devices = [...draft.config.devices, ...impliedDevices(draft)];
  const config: MachineConfig = { ...draft.config, drives, devices, serial: serialOf(draft) };
  checkReferences(config);
  checkMonitor(config);
  checkLog(config);
  return config;
}

/** The devices of drives that bring their own. */
function impliedDevices({ drives, config }: Draft): DeviceConfig[] {
  const blk = drives
    .filter((drive) => drive.interface === "virtio")
    .map((drive): DeviceConfig => ({ name: "virtio-blk-device", properties: { drive: drive.id } }));
  const scsi = drives
    .filter((drive) => drive.interface === "scsi")
    .sort((a, b) => a.unit - b.unit)
    .map((drive): DeviceConfig => {
      const name = drive.media === "cdrom" ? "scsi-cd" : "scsi-hd";
      return { name, properties: { drive: drive.id, "scsi-id": String(drive.unit) } };
    });
  const hasHost = config.devices.some(({ name }) => name.startsWith("virtio-scsi"));
  const host: DeviceConfig[] = scsi.length === 0 || hasHost ? [] : [{ name: "virtio-scsi-device", properties: {} }];
  return [...blk, ...host, ...scsi];
}

function serialOf({ serials, config }: Draft): MachineConfig["serial"] {
  const kinds = serials.map((value) => {
    if (value === "stdio" || value === "mon:stdio") return "stdio";
    if (value === "none" || value === "null") return "none";
    if (!value.startsWith("chardev:")) {
      throw new ConfigError(
        `-serial cannot be "${value}".${suggestion(value, ["stdio", "mon:stdio", "none", "null", "chardev:ID"])}`,
      );
    }
    const id = value.slice("chardev:".length);
    const found = config.chardevs.find((chardev) => chardev.id === id);
    if (found === undefined) throw noSuch("-serial", "chardev", id, config);
    if (found.kind !== "stdio" && found.kind !== "null") {
      throw new ConfigError(
        `-serial ${value}: the first serial port is the terminal or nothing. Give the character device to a virtconsole or a virtserialport.`,
      );
    }
    return found.kind === "stdio" ? "stdio" : "none";
  });
  if (kinds.slice(1).includes("stdio")) {
    throw new ConfigError("The machine has one serial port: give -serial once, and virtconsole devices for more.");
  }
  return kinds[0] ?? (config.noDefaults ? "none" : "stdio");
}

/** Device properties that name something else, what that is, and where it is defined. */
const REFERENCES: Readonly<
  Record<string, { readonly what: string; readonly option: string; ids(config: MachineConfig): string[] }>
> = {
  drive: { what: "drive", option: "-drive if=none,id=…,file=…", ids: (config) => config.drives.map(({ id }) => id) },
  chardev: {
    what: "character device",
    option: "-chardev stdio,id=…",
    ids: (config) => config.chardevs.map(({ id }) => id),
  },
  rng: {
    what: "random source",
    option: "-object rng-builtin,id=…",
    ids: (config) => config.randomSources.map(({ id }) => id),
  },
  netdev: {
    what: "network",
    option: "-netdev user,id=…",
    ids: (config) => config.netdevs.map(({ id }) => id),
  },
  fsdev: {
    what: "file tree",
    option: "-fsdev local,id=…,path=…",
    ids: (config) => config.fsdevs.map(({ id }) => id),
  },
};

function noSuch(where: string, property: string, id: string, config: MachineConfig): ConfigError {
  const reference = REFERENCES[property];
  if (reference === undefined) throw new Error(`${property} names nothing`);
  const known = reference.ids(config);
  const end = known.length > 0 ? suggestion(id, known) : ` Define it with ${reference.option}.`;
  return new ConfigError(`${where}: there is no ${reference.what} with the id "${id}".${end}`);
}

function checkReferences(config: MachineConfig): void {
  const used = new Map<string, string>();
  for (const { name, properties } of config.devices) {
    for (const [property, reference] of Object.entries(REFERENCES)) {
      const id = properties[property];
      if (id === undefined) continue;
      if (!reference.ids(config).includes(id)) throw noSuch(`-device ${name}`, property, id, config);
      if (property !== "drive" && property !== "netdev") continue;
      const key = `${property} ${id}`;
      const other = used.get(key);
      if (other !== undefined && property === "netdev") {
        throw new ConfigError(
          `The network "${id}" has one end, not two (${other}, ${name}). Several cards share a hub: -netdev hubport,hubid=0,id=… for each.`,
        );
      }
      if (other !== undefined) {
        throw new ConfigError(
          `The drive "${id}" belongs to one device, not to two (${other}, ${name}). A drive that a -device names is given with if=none.`,
        );
      }
      used.set(key, name);
    }
  }
  for (const netdev of config.netdevs) {
    if (netdev.kind === "hubport" && netdev.netdev !== null) checkPlugged(netdev.id, netdev.netdev, config, used);
  }
  for (const { id, netdev } of config.captures) {
    if (!config.netdevs.some((row) => row.id === netdev)) throw noSuch(`-object ${id}`, "netdev", netdev, config);
  }
}

/** A socket of a hub with a network in it: neither of them has room for anything else. */
function checkPlugged(id: string, netdev: string, config: MachineConfig, used: Map<string, string>): void {
  const other = config.netdevs.find((row) => row.id === netdev);
  if (other === undefined) throw noSuch(`-netdev ${id}`, "netdev", netdev, config);
  if (other.kind === "hubport") {
    throw new ConfigError(`-netdev ${id}: "${netdev}" is a hub's socket itself. Hubs are not plugged into hubs.`);
  }
  for (const end of [id, netdev]) {
    const user = used.get(`netdev ${end}`);
    if (user !== undefined) {
      throw new ConfigError(`-netdev ${id},netdev=${netdev}: ${user} has "${end}" already. A network has one end.`);
    }
    used.set(`netdev ${end}`, `-netdev ${id}`);
  }
}

/** Adds something with an id. Throws ConfigError where the id is taken. */
export function addUnique<Item extends { readonly id: string }>(
  where: string,
  list: readonly Item[],
  item: Item,
): Item[] {
  if (list.some(({ id }) => id === item.id)) {
    throw new ConfigError(`${where}: the id "${item.id}" is given twice. Each needs one of its own.`);
  }
  return [...list, item];
}

/** Some messages are of compiled code. */
function checkLog({ log, accelerator }: MachineConfig): void {
  const name = log.find((one) => one === "jit" || one === "lockstep");
  if (name === undefined || accelerator === "tcg") return;
  throw new ConfigError(
    `-d ${name} looks at compiled code, and -accel ${accelerator} compiles nothing: leave one of them out.`,
  );
}

/** Checks what the monitor is connected to. */
function checkMonitor(config: MachineConfig): void {
  const { monitor, chardevs, devices } = config;
  if (monitor === null) return;
  const found = chardevs.find(({ id }) => id === monitor);
  if (found === undefined) throw noSuch("-mon", "chardev", monitor, config);
  // The terminal is shared; there the monitor is behind Ctrl-A C.
  if (found.kind === "stdio") return;
  const user = devices.find(({ properties }) => properties.chardev === monitor);
  if (user === undefined) return;
  throw new ConfigError(
    `The character device "${monitor}" belongs to the monitor, so -device ${user.name} cannot have it.`,
  );
}
