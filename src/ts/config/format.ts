/**
 * A machine's description printed back as a command line, the same for equal machines. QEMU understands it as well,
 * but for sha256=, disk:ID, -netdev channel and -armlet, which are ours.
 */
import {
  type CaptureConfig,
  DEFAULT_CAPTURE_BYTES,
  type CharDeviceConfig,
  DEFAULT_CONFIG,
  type DriveConfig,
  type FsdevConfig,
  type MachineConfig,
  type NetdevConfig,
} from "./machine-config.ts";
import { formatHashedFile } from "./hashed-file.ts";
import { formatOptionList } from "./option-list.ts";
import { joinWords } from "./shell-words.ts";
import { formatTyped } from "./typed-text.ts";
import { formatMemorySize } from "./values.ts";

/** The words of the command line. Reading them gives the same description again. */
export function formatArgs(config: MachineConfig): string[] {
  const words: string[] = [];
  const add = (option: string, value: string | null): void => {
    if (value !== null) words.push(option, value);
  };
  const machine: [string, string][] = [["gic-version", String(config.gicVersion)]];
  for (const key of ["its", "highmem"] as const) {
    if (config[key] !== DEFAULT_CONFIG[key]) machine.push([key, config[key] ? "on" : "off"]);
  }
  if (config.armletVersion !== DEFAULT_CONFIG.armletVersion) machine.push(["armlet", config.armletVersion]);
  add("-M", formatOptionList(config.machine, machine));
  add("-cpu", config.cpu);
  add("-m", formatMemorySize(config.ramSizeBytes));
  add("-smp", String(config.cpuCount));
  if (config.noDefaults) words.push("-nodefaults");
  add("-kernel", formatHashedFile(config.kernel, config.kernelSha256));
  add("-initrd", formatHashedFile(config.initrd, config.initrdSha256));
  add("-append", config.append);
  add("-dtb", formatHashedFile(config.dtb, config.dtbSha256));
  for (const { id } of config.randomSources) add("-object", formatOptionList("rng-builtin", [["id", id]]));
  for (const chardev of config.chardevs) add("-chardev", charDeviceText(chardev));
  if (config.monitor !== null) add("-mon", formatOptionList(null, [["chardev", config.monitor]]));
  for (const netdev of config.netdevs) add("-netdev", netdevText(netdev));
  for (const capture of config.captures) add("-object", captureText(capture));
  for (const fsdev of config.fsdevs) add("-fsdev", fsdevText(fsdev));
  add("-serial", serialOf(config));
  for (const drive of config.drives) add("-drive", driveText(drive));
  for (const { name, properties } of config.devices) add("-device", formatOptionList(name, Object.entries(properties)));
  if (config.nographic) words.push("-nographic");
  if (config.noReboot) words.push("-no-reboot");
  if (config.accelerator !== DEFAULT_CONFIG.accelerator) add("-accel", config.accelerator);
  if (config.log.length > 0) add("-d", config.log.join(","));
  if (config.title !== null) add("-armlet", formatOptionList(null, [["title", config.title]]));
  for (const text of config.typed) add("-armlet", formatOptionList(null, [["type", formatTyped(text)]]));
  return words;
}

function charDeviceText(chardev: CharDeviceConfig): string {
  const pairs: [string, string][] = [["id", chardev.id]];
  // In QEMU only so can more than one use the terminal.
  if (chardev.kind === "stdio") pairs.push(["mux", "on"]);
  if ("path" in chardev) pairs.push(["path", chardev.path]);
  if (chardev.kind === "socket" && chardev.server) pairs.push(["server", "on"], ["wait", chardev.wait ? "on" : "off"]);
  return formatOptionList(chardev.kind, pairs);
}

function netdevText(netdev: NetdevConfig): string {
  const pairs: [string, string][] = [["id", netdev.id]];
  switch (netdev.kind) {
    case "user":
      if (netdev.hostName !== "") pairs.push(["hostname", netdev.hostName]);
      break;
    case "hubport":
      pairs.push(["hubid", String(netdev.hub)]);
      if (netdev.netdev !== null) pairs.push(["netdev", netdev.netdev]);
      break;
    case "channel":
      pairs.push(["name", netdev.name]);
      break;
    case "socket": {
      const { address, port, localAddress } = netdev.group;
      pairs.push(["mcast", `${address}:${port}`]);
      if (localAddress !== null) pairs.push(["localaddr", localAddress]);
      break;
    }
  }
  return formatOptionList(netdev.kind, pairs);
}

function captureText({ id, netdev, file, maxBytes, queue }: CaptureConfig): string {
  const pairs: [string, string][] = [
    ["id", id],
    ["netdev", netdev],
    ["file", file],
  ];
  if (maxBytes !== DEFAULT_CAPTURE_BYTES) pairs.push(["maxlen", String(maxBytes)]);
  if (queue !== "all") pairs.push(["queue", queue]);
  return formatOptionList("filter-dump", pairs);
}

function fsdevText({ id, path, securityModel, readOnly }: FsdevConfig): string {
  const pairs: [string, string][] = [
    ["id", id],
    ["path", path],
    ["security_model", securityModel],
  ];
  if (readOnly) pairs.push(["readonly", "on"]);
  return formatOptionList("local", pairs);
}

/** The same in one string, quoted as for a shell. */
export function formatCommandLine(config: MachineConfig): string {
  return joinWords(formatArgs(config));
}

function serialOf({ serial, chardevs }: MachineConfig): string {
  if (serial === "none") return "none";
  const shared = chardevs.find(({ kind }) => kind === "stdio");
  return shared === undefined ? "stdio" : `chardev:${shared.id}`;
}

/** What `-drive file=` is followed by: the name, and properties that are not as they are without being given. */
export function driveValue({ file, format, sha256, media, snapshot, readOnly }: DriveConfig): string {
  const pairs: [string, string][] = [];
  if (format !== null) pairs.push(["format", format]);
  if (snapshot) pairs.push(["snapshot", "on"]);
  if (readOnly && media !== "cdrom") pairs.push(["readonly", "on"]);
  if (sha256 !== null) pairs.push(["sha256", sha256]);
  return formatOptionList(file, pairs);
}

function driveText(drive: DriveConfig): string {
  const { id, media } = drive;
  const first: [string, string][] = [
    ["if", "none"],
    ["id", id],
  ];
  if (media === "cdrom") first.push(["media", media]);
  return `${formatOptionList(null, first)},file=${driveValue(drive)}`;
}
