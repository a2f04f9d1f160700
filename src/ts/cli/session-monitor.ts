/** The monitor of a machine in a terminal: behind Ctrl-A C, and on the character device that -mon names. */
import { DeviceOptionError } from "../../virtio/properties.ts";
import { parseCommandLine } from "../config/command-line.ts";
import { ConfigError } from "../config/config-error.ts";
import type { CharDeviceConfig, DeviceConfig, DriveConfig, MachineConfig } from "../config/machine-config.ts";
import { parseOptionList } from "../config/option-list.ts";
import { HashMismatchError } from "../machine/checked-file.ts";
import type { Machine } from "../machine/machine.ts";
import { MonitorError, type MonitorHost } from "../monitor/commands.ts";
import { Monitor } from "../monitor/monitor.ts";
import type { Character } from "./characters.ts";
import { HostError } from "./host-error.ts";

/** What the monitor does to the session. */
export type SessionControls = Pick<MonitorHost, "paused" | "pause" | "resume" | "reset" | "quit">;

/** What the monitor shows that its device has not taken yet; more is dropped. */
const BACKLOG_BYTES = 1024 * 1024;

export function monitorHost(machine: Machine, config: MachineConfig, controls: SessionControls): MonitorHost {
  const drives = new Map(config.drives.map((drive) => [drive.id, drive]));
  return {
    get paused() {
      return controls.paused;
    },
    pause: () => controls.pause(),
    resume: () => controls.resume(),
    reset: () => controls.reset(),
    quit: () => controls.quit(),
    inspect: () => machine.inspect(),
    compilerStats: () => machine.stats().compiler,
    balloon: (memoryBytes) => machine.balloon(memoryBytes),
    pressPowerKey: () => machine.pressPowerKey(),
    drives: () => Array.from(drives.values(), driveLine),
    characters: () => config.chardevs.map(characterLine),
    addDrive: (options) =>
      attempt(async () => {
        const drive = newDrive(options);
        await machine.disks.open(drive);
        drives.set(drive.id, drive);
      }),
    addDevice(options) {
      try {
        machine.disks.plug(newDevice(options));
      } catch (error) {
        throw explained(error);
      }
    },
    removeDevice: (id) =>
      attempt(async () => {
        const drive = machine.disks.driveOf(id);
        await machine.disks.detach(drive);
        drives.delete(drive);
      }),
    eject(drive, force) {
      try {
        return machine.disks.eject(drive, force);
      } catch (error) {
        throw explained(error);
      }
    },
  };
}

async function attempt(action: () => Promise<void>): Promise<void> {
  try {
    await action();
  } catch (error) {
    throw explained(error);
  }
}

/** What the monitor says of an error, unless the error is ours. */
function explained(error: unknown): unknown {
  const isTheirs = [DeviceOptionError, ConfigError, HostError, HashMismatchError].some((kind) => error instanceof kind);
  return isTheirs && error instanceof Error ? new MonitorError(error.message, { cause: error }) : error;
}

function newDrive(options: string): DriveConfig {
  const { drives, devices } = parseCommandLine(["-drive", options]);
  const [drive] = drives;
  if (drive === undefined) throw new MonitorError("these options make no drive");
  if (devices.length > 0) throw new MonitorError("the drive needs if=none: device_add makes its device");
  return drive;
}

function newDevice(options: string): DeviceConfig {
  const { driver, ...properties } = Object.fromEntries(parseOptionList(options, "driver"));
  if (driver === undefined) throw new MonitorError("Parameter 'driver' is missing");
  return { name: driver, properties };
}

function driveLine({ id, file, format, readOnly }: DriveConfig): string {
  return `${id}: ${file} (${format ?? "by its contents"}${readOnly ? ", read-only" : ""})`;
}

function characterLine(chardev: CharDeviceConfig): string {
  return `${chardev.id}: filename=${"path" in chardev ? `${chardev.kind}:${chardev.path}` : chardev.kind}`;
}

/** A monitor on a character device. */
export function serveMonitor(character: Character, host: MonitorHost): void {
  const decoder = new TextDecoder();
  let waiting: Uint8Array = new Uint8Array();
  const send = (): void => {
    waiting = waiting.subarray(character.output(waiting));
  };
  const monitor = new Monitor(host, (text) => {
    const bytes = Buffer.from(text);
    if (waiting.length + bytes.length > BACKLOG_BYTES) return;
    waiting = waiting.length === 0 ? bytes : Buffer.concat([waiting, bytes]);
    send();
  });
  character.attach({
    input(bytes) {
      monitor.type(decoder.decode(bytes, { stream: true }));
      return bytes.length;
    },
    outputRoom: send,
    setOpen(open) {
      waiting = new Uint8Array();
      if (open) monitor.greet();
    },
    resize: () => undefined,
  });
  if (character.open) monitor.greet();
}

/** The monitor that shares the terminal with the guest. */
export class TerminalMonitor {
  readonly #monitor: Monitor;
  readonly #show: (text: string) => void;
  readonly #decoder = new TextDecoder();
  #greeted = false;
  /** What is typed is the monitor's. */
  active = false;

  constructor(host: MonitorHost, show: (text: string) => void) {
    this.#show = show;
    this.#monitor = new Monitor(host, show);
  }

  /** Ctrl-A C: to the monitor, and back to the guest. */
  toggle(): void {
    this.active = !this.active;
    this.#show("\r\n");
    if (!this.active) return;
    if (this.#greeted) this.#monitor.prompt();
    else this.#monitor.greet();
    this.#greeted = true;
  }

  type(bytes: Uint8Array): void {
    this.#monitor.type(this.#decoder.decode(bytes, { stream: true }));
  }
}
