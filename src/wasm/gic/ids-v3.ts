/** Identification registers that the GICv3 frames share (IHI 0069 12.9.38): an Arm implementation, architecture version 3. */

/** GICD_IIDR and GICR_IIDR. */
export const GIC_IIDR_V3: u32 = 0x43b;

/** PIDR4..7, PIDR0..3, CIDR0..3, one byte a register; `pidr0` tells the frames apart. */
export function idByteV3(register: u32, pidr0: u32): u32 {
  switch (register) {
    case 0:
      return 0x44;
    case 4:
      return pidr0;
    case 5:
      return 0xb4;
    case 6:
      return 0x3b;
    case 8:
      return 0x0d;
    case 9:
      return 0xf0;
    case 10:
      return 0x05;
    case 11:
      return 0xb1;
    default:
      return 0;
  }
}
