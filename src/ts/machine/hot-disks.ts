/** Disks that are put in and taken out while the machine runs. */
import type { BlockBackend } from "../../virtio/backends.ts";
import { DeviceOptionError } from "../../virtio/properties.ts";
import { createDevice, type CreatedDevice, type DeviceContext } from "../../virtio/registry.ts";
import type { DeviceConfig, DriveConfig } from "../config/machine-config.ts";
import type { MachineServices } from "./services.ts";

/** A disk to be put in. */
export interface NewDisk extends Omit<DriveConfig, "id"> {
  /** The drive's id; null for the first free one. */
  readonly id: string | null;
}

/** Devices that may come and go: those of a SCSI host. */
const PLUGGABLE: readonly string[] = ["scsi-hd", "scsi-cd"];

/** The drives of a machine by their ids, and the devices that they belong to. */
export class HotDisks {
  readonly #services: MachineServices;
  readonly #context: DeviceContext;
  readonly #backends: Map<string, BlockBackend>;
  readonly #devices = new Map<string, CreatedDevice>();

  /** `backends` is what the machine's devices find their drives in. */
  constructor(services: MachineServices, context: DeviceContext, backends: Map<string, BlockBackend>) {
    this.#services = services;
    this.#context = context;
    this.#backends = backends;
  }

  /** Makes a device of the command line. Throws a DeviceOptionError. */
  create({ name, properties }: DeviceConfig): void {
    const created = createDevice(name, properties, this.#context);
    if (properties.drive !== undefined) this.#devices.set(properties.drive, created);
  }

  /**
   * Opens the disk and plugs it into the machine's SCSI host; returns the drive's id. Rejects with a sentence for the
   * user, and nothing is changed.
   */
  async attach(disk: NewDisk): Promise<string> {
    const id = disk.id ?? this.#freeId();
    await this.open({ ...disk, id });
    try {
      this.plug({ name: disk.media === "cdrom" ? "scsi-cd" : "scsi-hd", properties: { drive: id } });
    } catch (error) {
      await this.#close(id);
      throw error;
    }
    return id;
  }

  /** Opens a disk for a device to come. Rejects with a sentence for the user, and nothing is changed. */
  async open(drive: DriveConfig): Promise<void> {
    const { id } = drive;
    const check = (): void => {
      if (this.#backends.has(id)) throw new DeviceOptionError(`There is a drive with the id "${id}" already.`);
    };
    check();
    const backend = await this.#services.openDisk(drive);
    // Another one of that name may have come meanwhile; it has the same disk then.
    check();
    this.#backends.set(id, backend);
  }

  /** Puts a SCSI disk or CD drive in, whose drive is open. Throws a DeviceOptionError, and nothing is changed. */
  plug(device: DeviceConfig): void {
    const { name, properties } = device;
    if (!PLUGGABLE.includes(name)) {
      throw new DeviceOptionError(
        `A ${name} cannot be put in while the machine runs: only ${PLUGGABLE.join(" and ")} can.`,
      );
    }
    if (this.#devices.has(properties.drive ?? "")) {
      throw new DeviceOptionError(`The drive "${properties.drive}" belongs to a device already.`);
    }
    try {
      this.create(device);
    } catch (error) {
      throw explained(error);
    }
    this.#services.wake();
  }

  /** The drive of the device with that id. Throws a DeviceOptionError where there is none. */
  driveOf(device: string): string {
    for (const [drive, { id }] of this.#devices) if (id === device && id !== "") return drive;
    throw new DeviceOptionError(`There is no device with the id "${device}" that has a drive.`);
  }

  /**
   * Takes a disk out, as somebody would who pulls its cable: what the guest still asks of it fails. Resolves when what was
   * written is durable.
   */
  async detach(id: string): Promise<void> {
    const device = this.#find(id);
    if (device.unplug === null) {
      throw new DeviceOptionError(`The drive "${id}" cannot be taken out: only disks of a virtio-scsi device can.`);
    }
    this.#devices.delete(id);
    const leaving = device.unplug();
    this.#services.wake();
    await leaving;
    await this.#close(id);
  }

  /** Opens the tray of a drive. False where the guest prevents it: it is told that somebody wants to. */
  eject(id: string, force: boolean): boolean {
    const { eject } = this.#find(id);
    if (eject === null) throw new DeviceOptionError(`The drive "${id}" has no medium that could be taken out.`);
    const ejected = eject(force);
    this.#services.wake();
    return ejected;
  }

  async #close(id: string): Promise<void> {
    this.#backends.delete(id);
    await this.#services.closeDisk?.(id);
  }

  #find(id: string): CreatedDevice {
    const device = this.#devices.get(id);
    if (device !== undefined) return device;
    const known = [...this.#devices.keys()].map((name) => `"${name}"`).join(", ");
    throw new DeviceOptionError(
      `There is no drive with the id "${id}". ${known === "" ? "There is none." : `There are ${known}.`}`,
    );
  }

  #freeId(): string {
    let number = 0;
    while (this.#backends.has(`hot${number}`)) number += 1;
    return `hot${number}`;
  }
}

/** A machine without a SCSI host gets advice instead of an option of the command line. */
function explained(error: unknown): unknown {
  if (!(error instanceof DeviceOptionError) || !error.message.includes("needs a virtio-scsi device")) return error;
  return new DeviceOptionError(
    "The machine has no SCSI host that a disk could be plugged into while it runs. Start it with -device virtio-scsi-device.",
    { cause: error },
  );
}
