/** Devices, and what they are connected to. */
import { DeviceOptionError, type PropertySpec, resolveProperties } from "../../../virtio/properties.ts";
import { DEVICES, deviceNames, deviceProperties, NAME_SUFFIXES, PORTS } from "../../../virtio/registry.ts";
import { ConfigError } from "../config-error.ts";
import { addUnique, type Draft } from "../draft.ts";
import { formatOptionList, type OptionList, parseOptionList } from "../option-list.ts";
import { byKey, checkId, oneOf, parseSwitch, suggestion } from "../values.ts";
import { type KeySpec, listText, type OptionGroup, type OptionSpec } from "./option.ts";

const DRIVE_KEYS = [
  {
    key: "if",
    values: "virtio|none",
    doc: "virtio (without it): a virtio-blk-device comes with it; none: a -device names it",
  },
  { key: "id", values: "ID", doc: "what a -device calls it by" },
  { key: "file", values: "FILE", doc: "the disk image" },
  { key: "format", values: "raw", doc: "the image's format" },
  { key: "snapshot", values: "on|off", doc: "what the guest writes is kept in memory and forgotten" },
  { key: "readonly", values: "on|off", doc: "the guest cannot write" },
  { key: "read-only", values: "on|off", doc: "the same" },
  { key: "media", values: "disk", doc: "accepted for QEMU's sake" },
  { key: "cache", values: "MODE", doc: "accepted for QEMU's sake: a flush of the guest always reaches the disk" },
  { key: "aio", values: "MODE", doc: "accepted for QEMU's sake" },
] as const satisfies readonly KeySpec[];

const DRIVE: OptionSpec = {
  names: ["-drive"],
  argument: "file=FILE[,property=value…]",
  doc: "A disk image; a comma in a file's name is written twice",
  keys: DRIVE_KEYS,
  apply(draft, value) {
    const keys = DRIVE_KEYS.map(({ key }) => key);
    const given = byKey("-drive", parseOptionList(value, null), keys);
    const kind = oneOf("-drive if", given.get("if") ?? "virtio", ["virtio", "none"] as const);
    const file = given.get("file") ?? "";
    if (file === "") throw new ConfigError("-drive needs the disk image: file=….");
    const format = given.get("format");
    if (format !== undefined && format !== "raw") {
      throw new ConfigError(
        `-drive format cannot be "${format}": disk images are raw here. qemu-img convert -O raw makes one of any other.`,
      );
    }
    const media = given.get("media");
    if (media !== undefined) oneOf("-drive media", media, ["disk"]);
    const readOnly = given.get("readonly") ?? given.get("read-only") ?? "off";
    draft.drives = addUnique("-drive", draft.drives, {
      id: checkId("-drive", given.get("id") ?? freeDriveId(draft, kind)),
      file,
      format: "raw",
      snapshot: parseSwitch("-drive snapshot", given.get("snapshot") ?? "off"),
      readOnly: parseSwitch("-drive readonly", readOnly),
      interface: kind,
    });
    return undefined;
  },
};

/** As QEMU counts: virtio0, virtio1, … */
function freeDriveId({ drives }: Draft, kind: string): string {
  let index = drives.filter((drive) => drive.interface === kind).length;
  while (drives.some(({ id }) => id === `${kind}${index}`)) index += 1;
  return `${kind}${index}`;
}

const SNAPSHOT: OptionSpec = {
  names: ["-snapshot"],
  argument: null,
  doc: "snapshot=on for every drive",
  apply(draft) {
    draft.snapshot = true;
    return undefined;
  },
};

const DEVICE: OptionSpec = {
  names: ["-device"],
  argument: "NAME[,property=value…]",
  doc: "Adds a device; -device help lists them, -device NAME,help its properties",
  apply({ config }, value) {
    const [[first, name] = ["", ""], ...rest] = parseOptionList(value, "driver");
    if (first === "driver" && (name === "help" || name === "?")) return deviceList();
    if (first !== "driver" || name === "")
      throw new ConfigError("-device needs a device's name; -device help lists them.");
    const table = deviceProperties(name, { defaultTransport: "mmio" });
    if (table === null) throw new ConfigError(`There is no device "${name}".${suggestion(name, deviceNames())}`);
    if (rest.some(([key]) => key === "help" || key === "?")) return propertyList(name, table);
    const properties = Object.fromEntries(rest);
    try {
      resolveProperties(name, table, properties);
    } catch (error) {
      if (error instanceof DeviceOptionError) throw new ConfigError(error.message, { cause: error });
      throw error;
    }
    const { id } = properties;
    if (id !== undefined) {
      checkId(`-device ${name}`, id);
      if (config.devices.some((device) => device.properties.id === id)) {
        throw new ConfigError(`-device: the id "${id}" is given twice. Each needs one of its own.`);
      }
    }
    config.devices = [...config.devices, { name, properties }];
    return undefined;
  },
};

/** The answer to `-device help`. */
function deviceList(): string {
  const names = DEVICES.flatMap(({ name, doc }) =>
    NAME_SUFFIXES.filter(({ transport }) => transport === null || transport === "mmio").map(
      ({ suffix }) => [name + suffix, doc] as const,
    ),
  );
  return listText("Devices:", [...names, ...PORTS.map(({ name, doc }) => [name, doc] as const)]);
}

/** The answer to `-device NAME,help`. */
function propertyList(name: string, table: Readonly<Record<string, PropertySpec>>): string {
  const rows = Object.entries(table).map(
    ([property, spec]) => [`${property}=${valuesOf(spec)}`, spec.doc + defaultOf(spec)] as const,
  );
  return listText(`Properties of ${name}:`, rows);
}

function valuesOf(spec: PropertySpec): string {
  switch (spec.type) {
    case "bool":
      return "on|off";
    case "int":
    case "pow2":
      return `${spec.min}…${spec.max}`;
    case "string":
      return "TEXT";
    case "id":
      return "ID";
  }
}

function defaultOf(spec: PropertySpec): string {
  if (spec.type === "id") return spec.required ? " (needed)" : "";
  if (spec.type === "bool") return ` (${spec.default ? "on" : "off"})`;
  return spec.default === "" ? "" : ` (${spec.default})`;
}

const CHARDEV_KEYS = [
  { key: "id", values: "ID", doc: "what -serial and a -device call it by" },
  { key: "mux", values: "on|off", doc: "accepted for QEMU's sake: several may use the terminal" },
  { key: "signal", values: "on|off", doc: "accepted for QEMU's sake: Ctrl-C goes to the guest" },
] as const satisfies readonly KeySpec[];

const CHARDEV: OptionSpec = {
  names: ["-chardev"],
  argument: "stdio|null,id=ID",
  doc: "A character device: the terminal, or nothing",
  keys: CHARDEV_KEYS,
  apply({ config }, value) {
    const list = parseOptionList(value, "backend");
    const given = byKey("-chardev", list, ["backend", ...CHARDEV_KEYS.map(({ key }) => key)] as const);
    const backend = given.get("backend") ?? "";
    if (backend === "help" || backend === "?") {
      return listText("Character devices:", [
        ["stdio", "the terminal"],
        ["null", "nothing"],
      ]);
    }
    const kind = oneOf("-chardev", backend, ["stdio", "null"] as const);
    for (const key of ["mux", "signal"] as const) parseSwitch(`-chardev ${key}`, given.get(key) ?? "off");
    const id = checkId("-chardev", idOf("-chardev", list));
    config.chardevs = addUnique("-chardev", config.chardevs, { id, kind });
    return undefined;
  },
};

const OBJECT: OptionSpec = {
  names: ["-object"],
  argument: "rng-random|rng-builtin,id=ID",
  doc: "A source of randomness for virtio-rng: in both cases the host's own",
  apply({ config }, value) {
    const list = parseOptionList(value, "qom-type");
    const given = byKey("-object", list, ["qom-type", "id", "filename"] as const);
    const type = given.get("qom-type") ?? "";
    if (type === "help" || type === "?") {
      return listText("Objects:", [
        ["rng-builtin", "the host's randomness"],
        ["rng-random", "the same"],
      ]);
    }
    oneOf("-object", type, ["rng-random", "rng-builtin"]);
    const id = checkId("-object", idOf("-object", list));
    config.randomSources = addUnique("-object", config.randomSources, { id });
    return undefined;
  },
};

function idOf(where: string, list: OptionList): string {
  const id = list.findLast(([key]) => key === "id")?.[1];
  if (id !== undefined) return id;
  throw new ConfigError(`${where} ${formatOptionList(null, list)} needs an id: ${where} …,id=….`);
}

export const DEVICE_OPTIONS: OptionGroup = {
  title: "Devices",
  options: [DRIVE, SNAPSHOT, DEVICE, CHARDEV, OBJECT],
};
