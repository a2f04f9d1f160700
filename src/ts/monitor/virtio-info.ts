/** `info virtio` and what belongs to it, in the words of QEMU's monitor. */
import type { DeviceInspection, EventSuppression, QueueInspection } from "../../virtio/inspection.ts";
import { DEVICE_STATUS_LIGHTS, type MachineInspection } from "../protocol/inspection.ts";

/** Devices by their paths in QEMU's tree of objects: those with an id, and those without, in their order. */
function byPath({ devices }: MachineInspection): Map<string, DeviceInspection> {
  let anonymous = 0;
  return new Map(
    devices.map((device) => {
      const place = device.id === "" ? `peripheral-anon/device[${anonymous++}]` : `peripheral/${device.id}`;
      return [`/machine/${place}/virtio-backend`, device];
    }),
  );
}

export function virtioList(machine: MachineInspection): string {
  return [...byPath(machine)].map(([path, { device }]) => `${path} [${device}]`).join("\n");
}

const row = (name: string, value: string | number | boolean): string => `  ${`${name}:`.padEnd(24)} ${value}`;

/** null where there is no device of that path. */
export function virtioStatus(machine: MachineInspection, path: string): string | null {
  const device = byPath(machine).get(path);
  if (device === undefined) return null;
  const lights = DEVICE_STATUS_LIGHTS.filter(({ bit }) => (device.status & bit) !== 0);
  const names = (which: "offered" | "accepted" | "negotiated"): string[] =>
    device.features.filter((feature) => feature[which]).map(({ name, bit }) => `\t${name ?? `unknown bit ${bit}`}`);
  return [
    `${path}:`,
    row("device_name", device.device),
    row("device_id", device.deviceId),
    row("broken", device.needsReset !== null),
    row(
      "started",
      lights.some(({ name }) => name === "DRIVER_OK"),
    ),
    row("num_vqs", device.queues.length),
    row("status", `0x${device.status.toString(16)}`),
    ...lights.map(({ name }) => `\tVIRTIO_CONFIG_S_${name.replace("DEVICE_", "")}`),
    row("Host features", ""),
    ...names("offered"),
    row("Guest features", ""),
    ...names("negotiated"),
  ].join("\n");
}

/** null where there is no device of that path, or no queue of that number. */
export function virtioQueueStatus(machine: MachineInspection, path: string, index: number): string | null {
  const device = byPath(machine).get(path);
  const queue = device?.queues[index];
  if (device === undefined || queue === undefined) return null;
  return [
    `${path}:`,
    row("device_name", device.device),
    row("queue_index", index),
    row("inuse", queue.inFlightCount),
    ...positions(queue),
    row("VRing", ""),
    row("  num", queue.size),
    row("  num_default", queue.sizeMax),
    ...(["desc", "driver", "device"] as const).map((area) => row(`  ${AREAS[area]}`, `0x${queue[area].toString(16)}`)),
  ].join("\n");
}

const AREAS = { desc: "desc", driver: "avail", device: "used" } as const;

function positions({ ring }: QueueInspection): string[] {
  if (ring === null) return [row("ready", false)];
  return [
    row("used_idx", ring.nextUsed.index),
    row("last_avail_idx", ring.nextAvailable.index),
    row("shadow_avail_idx", ring.available?.index ?? ring.nextAvailable.index),
    row("notification", wanted(ring.notifications)),
    row("interrupts", wanted(ring.interrupts)),
  ];
}

function wanted(events: EventSuppression | null): string {
  if (events === null) return "unreadable";
  return events.index === null ? events.wanted : `past ${events.index}`;
}
