/** Character devices and the monitor. */
import { ConfigError } from "../config-error.ts";
import { addUnique } from "../draft.ts";
import { CHARDEV_KINDS, type CharDeviceConfig } from "../machine-config.ts";
import { type OptionList, parseOptionList } from "../option-list.ts";
import { byKey, checkId, oneOf, parseSwitch, suggestion } from "../values.ts";
import { type KeySpec, listText, type OptionSpec } from "./option.ts";

const CHARDEV_KEYS = [
  { key: "id", values: "ID", doc: "what -serial, -mon and a -device call it by" },
  {
    key: "path",
    values: "FILE",
    doc: "socket: of the UNIX socket; pipe: of the named pipes FILE.in and FILE.out; file: what is written",
  },
  { key: "server", values: "on|off", doc: "socket: others connect to it; without it this machine connects" },
  { key: "wait", values: "on|off", doc: "socket, server=on: the machine starts when somebody has connected" },
  { key: "mux", values: "on|off", doc: "accepted for QEMU's sake: several may use the terminal" },
  { key: "signal", values: "on|off", doc: "accepted for QEMU's sake: Ctrl-C goes to the guest" },
] as const satisfies readonly KeySpec[];

const KIND_DOCS: Readonly<Record<CharDeviceConfig["kind"], string>> = {
  stdio: "the terminal",
  null: "nothing",
  socket: "a UNIX socket; in a page a stream of the API (vm.port)",
  pipe: "named pipes; in a page a stream of the API (vm.port)",
  file: "a file that output is written to; in a page a stream of the API (vm.port)",
};

export const CHARDEV: OptionSpec = {
  names: ["-chardev"],
  argument: "stdio|null|socket|pipe|file,id=ID[,property=value…]",
  doc: "A character device: what a serial port, a console or the monitor is connected to",
  keys: CHARDEV_KEYS,
  apply({ config }, value) {
    const list = parseOptionList(value, "backend");
    if (["help", "?"].includes(list[0]?.[1] ?? "")) {
      return listText(
        "Character devices:",
        CHARDEV_KINDS.map((kind) => [kind, KIND_DOCS[kind]] as const),
      );
    }
    const id = list.findLast(([key]) => key === "id")?.[1];
    if (id === undefined) throw new ConfigError("-chardev needs an id: id=ID.");
    config.chardevs = addUnique("-chardev", config.chardevs, charDevice("-chardev", checkId("-chardev", id), list));
    return undefined;
  },
};

/** A character device from the list of its properties. Throws ConfigError. */
function charDevice(where: string, id: string, list: OptionList): CharDeviceConfig {
  const given = byKey(where, oldSwitches(list), ["backend", ...CHARDEV_KEYS.map(({ key }) => key)] as const);
  const kind = oneOf(where, given.get("backend") ?? "", CHARDEV_KINDS);
  for (const key of ["mux", "signal"] as const) parseSwitch(`${where} ${key}`, given.get(key) ?? "off");
  if (kind === "stdio" || kind === "null") return { id, kind };
  const path = given.get("path") ?? "";
  if (path === "") throw new ConfigError(`${where} ${kind} needs a path: path=FILE.`);
  if (kind !== "socket") return { id, kind, path };
  const server = parseSwitch(`${where} server`, given.get("server") ?? "off");
  // As in QEMU, a server waits unless it is told not to.
  return { id, kind, path, server, wait: server && parseSwitch(`${where} wait`, given.get("wait") ?? "on") };
}

/** QEMU's older spelling: `nowait` for wait=off. */
function oldSwitches(list: OptionList): OptionList {
  return list.map(([key, value]) => (key === "nowait" && value === "on" ? (["wait", "off"] as const) : [key, value]));
}

/** As QEMU calls the character device that -monitor makes. */
const MONITOR_ID = "compat_monitor0";
const MONITOR_VALUES = ["none", "null", "stdio", "unix:FILE", "pipe:FILE", "chardev:ID"];

export const MONITOR: OptionSpec = {
  names: ["-monitor"],
  argument: "unix:FILE[,server=on][,wait=off]|pipe:FILE|chardev:ID|stdio|none",
  doc: "Where the monitor is, which takes commands such as info balloon; stdio: behind Ctrl-A C, where it always is",
  apply({ config }, value) {
    const [, kind = value, rest = ""] = /^(\w+):(.*)$/s.exec(value) ?? [];
    if (["none", "null", "stdio"].includes(value)) config.monitor = null;
    else if (kind === "chardev") config.monitor = checkId("-monitor", rest);
    else if (kind === "unix" || kind === "pipe") {
      const list: OptionList = [["backend", kind === "unix" ? "socket" : "pipe"], ...parseOptionList(rest, "path")];
      config.chardevs = addUnique("-monitor", config.chardevs, charDevice("-monitor", MONITOR_ID, list));
      config.monitor = MONITOR_ID;
    } else throw new ConfigError(`-monitor cannot be "${value}".${suggestion(value, MONITOR_VALUES)}`);
    return undefined;
  },
};

const MON_KEYS = [
  { key: "chardev", values: "ID", doc: "the character device" },
  { key: "mode", values: "readline", doc: "the monitor for people is the only one" },
] as const satisfies readonly KeySpec[];

export const MON: OptionSpec = {
  names: ["-mon"],
  argument: "[chardev=]ID[,mode=readline]",
  doc: "The monitor on a character device",
  keys: MON_KEYS,
  apply({ config }, value) {
    const given = byKey("-mon", parseOptionList(value, "chardev"), ["chardev", "mode"] as const);
    oneOf("-mon mode", given.get("mode") ?? "readline", ["readline"]);
    const id = given.get("chardev");
    if (id === undefined) throw new ConfigError("-mon needs a character device: -mon chardev=ID.");
    config.monitor = checkId("-mon", id);
    return undefined;
  },
};
