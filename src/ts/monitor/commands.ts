/** The monitor's commands: the one table. Names, arguments and answers are those of QEMU 7.2's monitor for people (HMP). */
import type { CompilerStats } from "../protocol/guest-counters.ts";
import type { BalloonStatus, MachineInspection } from "../protocol/inspection.ts";
import { compilerStatus } from "./compiler-info.ts";
import { virtioList, virtioQueueStatus, virtioStatus } from "./virtio-info.ts";

/** What the monitor's commands are done to. */
export interface MonitorHost {
  readonly paused: boolean;
  inspect(): MachineInspection;
  /** As GuestMachine.balloon. */
  balloon(memoryBytes: number | null): BalloonStatus | null;
  /** What the compiler of hot code has done; null where it is off. */
  compilerStats(): CompilerStats | null;
  pause(): void;
  resume(): void;
  reset(): void;
  pressPowerKey(): void;
  quit(): void;
  /** Drives by their ids: one line each, for people. */
  drives(): readonly string[];
  /** Opens the disk that `options` describe as `-drive` would. As the next three rejects or throws a MonitorError. */
  addDrive(options: string): Promise<void>;
  /** Puts in what `options` describe as `-device` would. */
  addDevice(options: string): void;
  /** Takes a device out, and its drive with it. */
  removeDevice(id: string): Promise<void>;
  /** Opens the tray of a drive; false where the guest prevents it. */
  eject(drive: string, force: boolean): boolean;
  /** Character devices, the same. */
  characters(): readonly string[];
}

/** What was asked for cannot be; the message is shown after "Error: ". */
export class MonitorError extends Error {
  override readonly name = "MonitorError";
}

export interface MonitorCommand {
  readonly names: readonly [string, ...string[]];
  /** Its arguments, as help shows them. */
  readonly usage: string;
  readonly doc: string;
  /** Does it; returns what is shown. Throws MonitorError, or rejects with one. */
  run(host: MonitorHost, args: readonly string[]): string | Promise<string>;
}

const MIB = 2 ** 20;

const NO_BALLOON = "No balloon device has been activated";

/** `info …`. */
export const INFO_COMMANDS: readonly MonitorCommand[] = [
  {
    names: ["balloon"],
    usage: "",
    doc: "show how much memory the guest has beside the balloon, in MiB",
    run(host) {
      const status = host.balloon(null);
      if (status === null) throw new MonitorError(NO_BALLOON);
      return `balloon: actual=${Math.floor(status.actualBytes / MIB)}`;
    },
  },
  {
    names: ["status"],
    usage: "",
    doc: "show whether the machine runs",
    run: (host) => `VM status: ${host.paused ? "paused" : "running"}`,
  },
  { names: ["block"], usage: "", doc: "show the drives", run: (host) => host.drives().join("\n") },
  { names: ["chardev"], usage: "", doc: "show the character devices", run: (host) => host.characters().join("\n") },
  {
    names: ["jit"],
    usage: "",
    doc: "show what was compiled of the guest's code",
    run(host) {
      const stats = host.compilerStats();
      if (stats === null) throw new MonitorError("JIT information is only available with accel=tcg");
      return compilerStatus(stats);
    },
  },
  { names: ["virtio"], usage: "", doc: "list the virtio devices", run: (host) => virtioList(host.inspect()) },
  {
    names: ["virtio-status"],
    usage: "PATH",
    doc: "show a virtio device: status, features",
    run: (host, [path]) => found(virtioStatus(host.inspect(), path ?? ""), path),
  },
  {
    names: ["virtio-queue-status"],
    usage: "PATH QUEUE",
    doc: "show one of its queues",
    run: (host, [path, queue]) => found(virtioQueueStatus(host.inspect(), path ?? "", Number(queue ?? "NaN")), path),
  },
];

function found(text: string | null, path: string | undefined): string {
  if (text !== null) return text;
  throw new MonitorError(
    path === undefined
      ? "a path is needed; info virtio lists them"
      : `Path ${path} is not a VirtIO device, or has no such queue`,
  );
}

export const COMMANDS: readonly MonitorCommand[] = [
  {
    names: ["help", "?"],
    usage: "[COMMAND]",
    doc: "show the commands",
    run: (_, [name]) => help(name),
  },
  {
    names: ["info"],
    usage: "[SUBJECT]",
    doc: "show what is known of a subject",
    run(host, [subject, ...args]) {
      if (subject === undefined) return INFO_COMMANDS.map((row) => line(row, "info ")).join("\n");
      const row = INFO_COMMANDS.find(({ names }) => names.includes(subject));
      if (row === undefined) throw new MonitorError(`there is no subject '${subject}'; info lists them`);
      return row.run(host, args);
    },
  },
  {
    names: ["balloon"],
    usage: "TARGET",
    doc: "ask the guest to make do with TARGET MiB of memory",
    run(host, [target]) {
      if (target === undefined || !/^\d+$/.test(target) || Number(target) === 0) {
        throw new MonitorError("Parameter 'target' expects a size");
      }
      if (host.balloon(Number(target) * MIB) === null) throw new MonitorError(NO_BALLOON);
      return "";
    },
  },
  {
    names: ["drive_add"],
    usage: "0 if=none,id=ID,file=FILE[,OPTION…]",
    doc: "open a disk for device_add, with the options of -drive",
    async run(host, [, options]) {
      if (options === undefined) throw new MonitorError("the drive's options are needed, after a number");
      await host.addDrive(options);
      return "OK";
    },
  },
  {
    names: ["device_add"],
    usage: "scsi-hd|scsi-cd,drive=ID,id=ID[,OPTION…]",
    doc: "put a disk or CD drive into the machine's SCSI host",
    run(host, [options]) {
      if (options === undefined) throw new MonitorError("Parameter 'driver' is missing");
      host.addDevice(options);
      return "";
    },
  },
  {
    names: ["device_del"],
    usage: "ID",
    doc: "take the device out that device_add put in, or that the machine began with",
    async run(host, [id]) {
      if (id === undefined) throw new MonitorError("Parameter 'id' is missing");
      await host.removeDevice(id);
      return "";
    },
  },
  {
    names: ["eject"],
    usage: "[-f] DRIVE",
    doc: "open the tray of a CD drive; with -f also where the guest has locked it",
    run(host, args) {
      const drive = args.find((word) => word !== "-f");
      if (drive === undefined) throw new MonitorError("Parameter 'device' is missing");
      if (host.eject(drive, args.includes("-f"))) return "";
      throw new MonitorError(
        `Device '${drive}' is locked and force was not specified, wait for tray to open and try again`,
      );
    },
  },
  { names: ["stop", "s"], usage: "", doc: "stop the guest where it is", run: act((host) => host.pause()) },
  { names: ["cont", "c"], usage: "", doc: "go on after stop", run: act((host) => host.resume()) },
  { names: ["system_reset"], usage: "", doc: "press the reset button", run: act((host) => host.reset()) },
  { names: ["system_powerdown"], usage: "", doc: "press the power button", run: act((host) => host.pressPowerKey()) },
  { names: ["quit", "q"], usage: "", doc: "turn the machine off and end", run: act((host) => host.quit()) },
];

function act(run: (host: MonitorHost) => void): MonitorCommand["run"] {
  return (host) => {
    run(host);
    return "";
  };
}

const line = ({ names, usage, doc }: MonitorCommand, prefix: string): string =>
  `${prefix}${names.join("|")}${usage === "" ? "" : ` ${usage}`} -- ${doc}`;

function help(name: string | undefined): string {
  const rows = name === undefined ? COMMANDS : COMMANDS.filter(({ names }) => names.includes(name));
  if (rows.length === 0) throw new MonitorError(`unknown command: '${name ?? ""}'`);
  return rows.map((row) => line(row, "")).join("\n");
}

/** Runs one line; resolves with what it shows, which is empty for most. Never rejects for what was typed. */
export async function runCommand(host: MonitorHost, text: string): Promise<string> {
  const [name, ...args] = words(text);
  if (name === undefined) return "";
  const row = COMMANDS.find(({ names }) => names.includes(name));
  if (row === undefined) return `unknown command: '${name}'`;
  try {
    return await row.run(host, args);
  } catch (error) {
    if (error instanceof MonitorError) return `Error: ${error.message}`;
    throw error;
  }
}

/** Words, apart by spaces unless they are quoted. */
function words(text: string): string[] {
  return [...text.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g)].map(([, quoted, plain]) =>
    quoted === undefined ? (plain ?? "") : quoted.replaceAll(/\\(.)/g, "$1"),
  );
}
