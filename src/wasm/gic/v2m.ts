/** GICv2m: a frame whose writes become edge-triggered SPIs (SBSA 2.2, appendix E), as QEMU's virt has it. */
import { guest_error } from "../host";
import { GUEST_ERROR_GIC_READ, GUEST_ERROR_GIC_WRITE } from "../lib/guest-error";
import { setSpiV2 } from "./inputs-v2";
import { GICV2M_BASE, MSI_IIDR, MSI_SETSPI_NS, MSI_TYPER } from "./registers";

/** The SPIs that the frame owns, as INTIDs. */
export const MSI_FIRST_INTID: u32 = 80;
export const MSI_COUNT: u32 = 64;

/** ProductID "Q"; no implementer. */
const MSI_IIDR_VALUE: u32 = 0x51 << 20;

/** Load of `size` bytes; only words are registers. */
export function v2mRead(offset: u32, size: u32): u32 {
  if (size == 4) {
    if (offset == MSI_TYPER) return (MSI_FIRST_INTID << 16) | MSI_COUNT;
    if (offset == MSI_IIDR) return MSI_IIDR_VALUE;
    // The optional identification registers are not there and read as zero.
    if (offset > MSI_IIDR) return 0;
  }
  guest_error(GUEST_ERROR_GIC_READ, <u32>GICV2M_BASE + offset, size);
  return 0;
}

/** Store of `size` bytes: a message is 16 or 32 bits. */
export function v2mWrite(offset: u32, size: u32, value: u32): void {
  if (offset == MSI_SETSPI_NS && (size == 2 || size == 4)) {
    const intid = value & 0x3ff;
    if (intid < MSI_FIRST_INTID || intid >= MSI_FIRST_INTID + MSI_COUNT) return;
    setSpiV2(intid, 1);
    setSpiV2(intid, 0);
    return;
  }
  guest_error(GUEST_ERROR_GIC_WRITE, <u32>GICV2M_BASE + offset, value);
}
