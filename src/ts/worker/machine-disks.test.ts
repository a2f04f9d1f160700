import { describe, expect, it } from "vitest";
import type { DriveConfig } from "../config/machine-config.ts";
import { MemorySource } from "../storage/block-source.ts";
import { urlDiskId } from "../storage/disk-id.ts";
import { OverlayDisk } from "../storage/overlay-disk.ts";
import { StorageError } from "../storage/storage-error.ts";
import type { WorkerServices } from "./blueprint.ts";
import { MachineDisk } from "./machine-disk.ts";
import { MachineDisks, type OpenDrive } from "./machine-disks.ts";

const SERVICES = {
  file: (name: string) => (name === "dropped.img" ? new Blob(["dropped"]) : null),
  resolve: (name: string) => new URL(name, "https://images.example/").href,
} as unknown as WorkerServices;

const openDrive: OpenDrive = (drive, _services, host) => {
  const close = (): Promise<void> => Promise.resolve();
  const backend = new OverlayDisk(new MemorySource(new Uint8Array(512)), drive.readOnly);
  const size = { dirtyBytes: () => 0, usedBytes: () => Promise.resolve(0) };
  const disk = { backend, name: drive.file, keeping: "memory" as const, diskId: () => null, ...size, close };
  return Promise.resolve(new MachineDisk(drive.id, disk, host));
};

function disks(open = openDrive): MachineDisks {
  return new MachineDisks(open, { onStatus: () => {}, onTrouble: () => {}, after: () => () => {} });
}

function drive(id: string, file: string, change: Partial<DriveConfig> = {}): DriveConfig {
  return { id, file, format: null, sha256: null, media: "disk", snapshot: false, readOnly: false, ...change };
}

describe("MachineDisks", () => {
  it.each([
    ["a disk of the browser", "disk:debian", "disk:debian", {}],
    ["one that the other drive only reads", "disk:debian", "disk:debian", { readOnly: true }],
    ["an image on a server, by two names", "debian.img", "https://images.example/debian.img", { snapshot: true }],
  ])("refuses two drives with the same disk of which one writes: %s", async (_, first, second, change) => {
    for (const order of [
      [drive("hd0", first), drive("hd1", second, change)],
      [drive("hd0", first, change), drive("hd1", second)],
    ] as const) {
      const machine = disks();
      await machine.open(order[0], SERVICES);
      const refusal: unknown = await machine.open(order[1], SERVICES).catch((error: unknown) => error);
      expect(refusal).toBeInstanceOf(StorageError);
      expect(refusal).toMatchObject({ code: "busy" });
      expect(String(refusal)).toContain("The drives hd0 and hd1 are the same disk");
    }
  });

  it("knows the disk that was written over an image on a server by its id, too", async () => {
    const machine = disks();
    await machine.open(drive("hd0", "debian.img"), SERVICES);
    const id = await urlDiskId("https://images.example/debian.img");
    await expect(machine.open(drive("hd1", `disk:${id}`), SERVICES)).rejects.toThrow(/the same disk/);
  });

  it("gives the same disk to two drives that only read it, and a file of the page to any number", async () => {
    const machine = disks();
    await machine.open(drive("hd0", "disk:debian", { snapshot: true }), SERVICES);
    await machine.open(drive("hd1", "disk:debian", { readOnly: true }), SERVICES);
    await machine.open(drive("hd2", "dropped.img"), SERVICES);
    await machine.open(drive("hd3", "dropped.img"), SERVICES);
  });

  it("is the same disk for the machine that is started anew", async () => {
    const machine = disks();
    const first = await machine.open(drive("hd0", "disk:debian"), SERVICES);
    expect(await machine.open(drive("hd0", "disk:debian"), SERVICES)).toBe(first);
  });

  it("lets go of a disk that could not be opened", async () => {
    let fails = true;
    const machine = disks((...args) => (fails ? Promise.reject(new Error("no")) : openDrive(...args)));
    await expect(machine.open(drive("hd0", "disk:debian"), SERVICES)).rejects.toThrow("no");
    fails = false;
    await machine.open(drive("hd1", "disk:debian"), SERVICES);
  });
});
