/** Devices, and what they are connected to. */
import { DeviceOptionError, type PropertySpec, resolveProperties } from "../../../virtio/properties.ts";
import { CHILDREN, DEVICES, deviceNames, deviceProperties } from "../../../virtio/registry.ts";
import { NAME_SUFFIXES } from "../../../virtio/transports.ts";
import { ConfigError } from "../config-error.ts";
import { addUnique } from "../draft.ts";
import { formatOptionList, type OptionList, parseOptionList } from "../option-list.ts";
import { byKey, checkId, oneOf, suggestion } from "../values.ts";
import { CHARDEV } from "./character-options.ts";
import { FILTER_DUMP_KEYS, readCapture } from "./network-options.ts";
import { listText, type OptionGroup, type OptionSpec } from "./option.ts";

const DEVICE: OptionSpec = {
  names: ["-device"],
  argument: "NAME[,property=value…]",
  doc: "Adds a device; -device help lists them, -device NAME,help its properties",
  apply({ config }, value) {
    const [[first, name] = ["", ""], ...rest] = parseOptionList(value, "driver");
    if (first === "driver" && (name === "help" || name === "?")) return deviceList();
    if (first !== "driver" || name === "")
      throw new ConfigError("-device needs a device's name; -device help lists them.");
    checkTransport(name);
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

/** Transports of other machines, whose names of devices are known all the same. */
const FOREIGN_TRANSPORTS: readonly (string | null)[] = ["s390", "ccw"];

/** Throws ConfigError for a device that plugs into no machine of this kind. */
function checkTransport(name: string): void {
  const row = NAME_SUFFIXES.find(
    ({ suffix, transport }) => FOREIGN_TRANSPORTS.includes(transport) && name.endsWith(suffix),
  );
  if (row === undefined || !deviceNames().includes(name)) return;
  const own = `${name.slice(0, -row.suffix.length)}-device`;
  throw new ConfigError(`${name} is a device of IBM's mainframes, which "virt" has no place for. Use ${own}.`);
}

/** The answer to `-device help`. */
function deviceList(): string {
  const names = DEVICES.flatMap(({ name, doc }) =>
    NAME_SUFFIXES.filter(({ transport }) => transport === null || transport === "mmio" || transport === "pci").map(
      ({ suffix }) => [name + suffix, doc] as const,
    ),
  );
  return listText("Devices:", [...names, ...CHILDREN.map(({ name, doc }) => [name, doc] as const)]);
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
    case "choice":
      return spec.values.join("|");
    case "fixed":
      return spec.default;
    case "id":
      return "ID";
  }
}

function defaultOf(spec: PropertySpec): string {
  if (spec.type === "id") return spec.required ? " (needed)" : "";
  if (spec.type === "bool") return ` (${spec.default ? "on" : "off"})`;
  return spec.default === "" ? "" : ` (${spec.default})`;
}

const OBJECTS = [
  ["rng-builtin", "the host's randomness"],
  ["rng-random", "the same"],
  ["filter-dump", "a capture of a network's packets"],
] as const;

const OBJECT: OptionSpec = {
  names: ["-object"],
  argument: "rng-random|rng-builtin|filter-dump,id=ID[,property=value…]",
  doc: "A source of randomness for virtio-rng, in both cases the host's own; or a capture of a network's packets",
  keys: FILTER_DUMP_KEYS,
  apply({ config }, value) {
    const list = parseOptionList(value, "qom-type");
    const type = list.findLast(([key]) => key === "qom-type")?.[1] ?? "";
    if (type === "help" || type === "?") return listText("Objects:", OBJECTS);
    const kind = oneOf(
      "-object",
      type,
      OBJECTS.map(([name]) => name),
    );
    if (kind !== "filter-dump") byKey("-object", list, ["qom-type", "id", "filename"] as const);
    const id = checkId("-object", idOf("-object", list));
    // QEMU's objects have one name space.
    addUnique("-object", [...config.randomSources, ...config.captures], { id });
    if (kind === "filter-dump") config.captures = [...config.captures, readCapture(list, id)];
    else config.randomSources = [...config.randomSources, { id }];
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
  options: [DEVICE, CHARDEV, OBJECT],
};
