/** Disks that go into the machine while it runs. */
import { FailureError } from "../../src/ts/api/index.ts";
import type { MachineStore } from "../machine-store.ts";
import type { NextDisk } from "./next-machine.ts";

/** The disks of this browser that were plugged into a machine while it ran, by machine. */
export class HotPlug {
  readonly #machine: () => MachineStore | null;
  readonly #files: () => Readonly<Record<string, Blob>>;
  readonly #drives = new WeakMap<MachineStore["vm"], Set<string>>();

  /** `files` are those under disks that were not copied. */
  constructor(machine: () => MachineStore | null, files: () => Readonly<Record<string, Blob>>) {
    this.#machine = machine;
    this.#files = files;
  }

  /** Plugs disks into the machine. Rejects with a FailureError at the first that cannot be. */
  async attach(disks: readonly NextDisk[]): Promise<void> {
    const vm = this.#machine()?.vm;
    if (vm === undefined) return;
    const drives = this.#drives.get(vm) ?? new Set();
    this.#drives.set(vm, drives);
    for (const { file, role } of disks) {
      const base = this.#files()[file];
      const options = { file, media: role === "cdrom" ? ("cdrom" as const) : ("disk" as const) };
      drives.add(await vm.attachDisk(base === undefined ? options : { ...options, base }));
    }
  }

  /** Whether the drive of the machine was plugged in here, so that it can be taken out. */
  has(drive: string): boolean {
    const vm = this.#machine()?.vm;
    return vm !== undefined && this.#drives.get(vm)?.has(drive) === true;
  }

  /** Takes a disk out; returns what went wrong, as a sentence, or null. */
  async detach(drive: string): Promise<string | null> {
    const vm = this.#machine()?.vm;
    if (vm === undefined) return null;
    try {
      await vm.detachDisk(drive);
      this.#drives.get(vm)?.delete(drive);
      return null;
    } catch (error) {
      if (error instanceof FailureError) return sentences(error);
      throw error;
    }
  }
}

/** A failure as text. */
export function sentences({ failure }: FailureError): string {
  return `${failure.message} ${failure.advice}`.trim();
}
