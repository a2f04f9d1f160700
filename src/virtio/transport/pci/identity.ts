/** Who a virtio device is on a PCI bus (virtio 1.4, 4.1.2), with QEMU's values where the specification leaves them open. */
import type { PciIdentity } from "../../../pci/function.ts";
import {
  VIRTIO_ID_9P,
  VIRTIO_ID_BALLOON,
  VIRTIO_ID_BLOCK,
  VIRTIO_ID_CONSOLE,
  VIRTIO_ID_NET,
  VIRTIO_ID_RNG,
  VIRTIO_ID_SCSI,
} from "../../spec/ids.ts";
import { VIRTIO_PCI_DEVICE_ID_BASE, VIRTIO_PCI_VENDOR_ID } from "../../spec/pci.ts";

/** Device IDs of the devices that were there before version 1.0 (4.1.2.3). */
const TRANSITIONAL_DEVICE_IDS: ReadonlyMap<number, number> = new Map([
  [VIRTIO_ID_NET, 0x1000],
  [VIRTIO_ID_BLOCK, 0x1001],
  [VIRTIO_ID_BALLOON, 0x1002],
  [VIRTIO_ID_CONSOLE, 0x1003],
  [VIRTIO_ID_SCSI, 0x1004],
  [VIRTIO_ID_RNG, 0x1005],
  [VIRTIO_ID_9P, 0x1009],
]);

/** QEMU's subsystem ID of whatever has none of its own; modern drivers look at the device ID only. */
const SUBSYSTEM_ID_NONE = 0x1100;

/** The identity of device `id`: with the legacy interface its old one, whose subsystem says which device it is. */
export function virtioIdentity(id: number, legacy: boolean, classCode: number): PciIdentity {
  const common = { vendorId: VIRTIO_PCI_VENDOR_ID, subsystemVendorId: VIRTIO_PCI_VENDOR_ID, classCode };
  if (!legacy) {
    const deviceId = VIRTIO_PCI_DEVICE_ID_BASE + id;
    return { ...common, deviceId, revisionId: 1, subsystemId: SUBSYSTEM_ID_NONE };
  }
  const deviceId = TRANSITIONAL_DEVICE_IDS.get(id);
  if (deviceId === undefined) throw new Error(`virtio device ${id} has no transitional PCI device ID`);
  return { ...common, deviceId, revisionId: 0, subsystemId: id };
}
