/** What a guest's kernel says of its devices. */
import type { Armlet } from "./armlet.ts";

/** Warnings and errors that match, without the time. */
export async function kernelComplaints(machine: Armlet, about: RegExp): Promise<string[]> {
  const log = await machine.run("dmesg -r | grep '^<[0-4]>'", 120);
  return [...log.matchAll(/^<[0-4]>\[[^\]]*\] (.*?)\s*$/gm)]
    .map(([, text = ""]) => text)
    .filter((text) => about.test(text));
}

/** A virtio device as Linux has bound it. */
export interface BoundDevice {
  readonly driver: string;
  /** Its lines of /proc/interrupts. */
  readonly interrupts: readonly string[];
  /** How often they came. */
  readonly interruptCount: number;
}

/** All virtio devices that have a driver. */
export async function boundDevices(machine: Armlet): Promise<BoundDevice[]> {
  const drivers = await machine.run(
    "cd /sys/bus/virtio/devices; for d in *; do echo $d $(readlink $d/driver); done; cd",
  );
  const lines = (await machine.run("grep virtio /proc/interrupts")).split(/\r*\n/);
  return [...drivers.matchAll(/^(virtio\d+) \S*\/(\S+?)\r*$/gm)].map(([, name, driver = ""]) => {
    const interrupts = lines.filter((line) => new RegExp(String.raw`\b${name}\b`).test(line));
    const counts = interrupts.map((line) => Number(/^ *\d+: +(\d+)/.exec(line)?.[1]));
    return { driver, interrupts, interruptCount: counts.reduce((sum, count) => sum + count, 0) };
  });
}
