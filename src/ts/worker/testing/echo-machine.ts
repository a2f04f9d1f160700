import type { GuestCounters } from "../../protocol/guest-counters.ts";
import type { BalloonStatus, MachineInspection } from "../../protocol/inspection.ts";
import type { DriveConfig } from "../../config/machine-config.ts";
import type { Blueprint, WorkerServices } from "../blueprint.ts";
import { DeviceOptionError } from "../../../virtio/properties.ts";
import type { GuestMachine, NewDrive, SliceResult } from "../guest-machine.ts";

/** Instructions that a slice of this machine counts. */
const INSTRUCTIONS_PER_SLICE = 1_000_000;

type EchoServices = Pick<WorkerServices, "clock"> & Partial<Pick<WorkerServices, "file">>;

/**
 * A machine without a CPU, for tests of what is around one: echoes its serial port, line by line, and knows a few
 * words: `spin` computes for ever, `flood` writes for ever, `trap` breaks the engine, `panic` and `poweroff` do what
 * they say.
 */
export class EchoMachine implements GuestMachine {
  readonly serial = {
    onOutput: (_bytes: Uint8Array): void => {},
    receive: (bytes: Uint8Array): number => this.#receive(bytes),
  };
  readonly sizes: string[] = [];
  resets = 0;
  powerKeys = 0;
  outputPaused = false;
  disposed = false;
  linkUp = true;
  /** How much one call of `receive` takes. */
  fifoBytes = 16;
  #mode: "boot" | "wait" | "spin" | "flood" | "trap" | "off" = "boot";
  #line = "";
  #instructions = 0;
  readonly #services: EchoServices;

  constructor(services: EchoServices) {
    this.#services = services;
  }

  runSlice(maxMs: number): SliceResult {
    this.#instructions += INSTRUCTIONS_PER_SLICE;
    switch (this.#mode) {
      case "boot":
        this.#say("[    0.000000] Booting nothing\r\n~ # ");
        this.#mode = "wait";
        return { state: "idle", wakeInMs: null };
      case "wait":
        return { state: "idle", wakeInMs: null };
      case "trap":
        throw new WebAssembly.RuntimeError("unreachable");
      case "off":
        return { state: "stopped", wakeInMs: null, stopReason: "power-off" };
      case "flood":
        for (let line = 0; line < 1000 && !this.outputPaused; line++) this.#say("0123456789abcdef".repeat(4));
        break;
      case "spin":
        break;
    }
    const endMs = this.#services.clock.nowMs() + maxMs;
    while (this.#services.clock.nowMs() < endMs);
    return { state: "running", wakeInMs: null };
  }

  /** It has one network, "net0". */
  setLink(name: string, up: boolean): boolean {
    if (name === "net0") this.linkUp = up;
    return name === "net0";
  }

  /** A file of the page, as this machine's services have it. */
  file(name: string): Blob | null {
    return this.#services.file?.(name) ?? null;
  }

  /** Its drives, by what they were attached with; "locked" cannot be ejected. */
  readonly drives = new Map<string, NewDrive>();
  readonly disks = {
    attach: (disk: NewDrive): Promise<string> => {
      const id = disk.id ?? "hot0";
      if (this.drives.has(id)) return Promise.reject(new DeviceOptionError(`There is a drive “${id}” already.`));
      this.drives.set(id, disk);
      return Promise.resolve(id);
    },
    detach: (drive: string): Promise<void> => {
      this.drives.delete(drive);
      return Promise.resolve();
    },
    eject: (drive: string, force: boolean): boolean => force || drive !== "locked",
  };

  resizeConsole(columns: number, rows: number): void {
    this.sizes.push(`${columns}x${rows}`);
  }

  setOutputPaused(paused: boolean): void {
    this.outputPaused = paused;
  }

  reset(): void {
    this.resets++;
    this.#mode = "boot";
  }

  pressPowerKey(): void {
    this.powerKeys++;
  }

  dispose(): void {
    this.disposed = true;
  }

  stats(): GuestCounters {
    return { instructions: this.#instructions, guestErrors: 0, compiler: null };
  }

  inspect(): MachineInspection {
    return { devices: [], errors: [{ side: "guest", place: "echo", count: this.resets, detail: this.#mode }] };
  }

  balloon(memoryBytes: number | null): BalloonStatus {
    const bytes = memoryBytes ?? 1024;
    return { totalBytes: 1024, targetBytes: bytes, actualBytes: bytes, stats: {} };
  }

  report(): string {
    return `echo machine, mode ${this.#mode}`;
  }

  #say(text: string): void {
    this.serial.onOutput(new TextEncoder().encode(text));
  }

  #receive(bytes: Uint8Array): number {
    const taken = bytes.subarray(0, this.fifoBytes);
    for (const character of new TextDecoder().decode(taken)) {
      if (character !== "\r" && character !== "\n") {
        this.#line += character;
        this.#say(character);
        continue;
      }
      this.#say("\r\n");
      this.#run(this.#line);
      this.#line = "";
    }
    return taken.length;
  }

  #run(command: string): void {
    if (command === "spin" || command === "flood" || command === "trap") this.#mode = command;
    else if (command === "poweroff") this.#mode = "off";
    else if (command === "panic") this.#say("[    9.000000] Kernel panic - not syncing: asked to\r\n");
    else this.#say(`${command}\r\n~ # `);
  }
}

const DRIVE: DriveConfig = {
  id: "",
  file: "disk.img",
  format: null,
  sha256: null,
  media: "disk",
  snapshot: false,
  readOnly: false,
};

/** A command line here is the names of the files the machine reads, separated by spaces; `disk=ID` is a drive. */
export function echoBlueprint(
  args: string,
  onCreate: (machine: EchoMachine) => void = () => {},
  onRead: (bytes: Uint8Array) => void = () => {},
): Blueprint {
  const files = args.split(" ").filter((name) => name !== "");
  return {
    description: { memoryBytes: 256 * 1024 * 1024, cpuCount: 1, typed: [], captures: [], ports: [] },
    files: files.filter((name) => !name.startsWith("disk=")),
    noReboot: false,
    async create(services) {
      for (const name of files.filter((file) => !file.startsWith("disk="))) onRead(await services.readFile(name));
      for (const name of files.filter((file) => file.startsWith("disk="))) {
        await services.disks.open({ ...DRIVE, id: name.slice(5) }, services);
      }
      const machine = new EchoMachine(services);
      onCreate(machine);
      return machine;
    },
  };
}
