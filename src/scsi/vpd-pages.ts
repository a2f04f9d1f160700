/** INQUIRY: standard data, and the vital product data pages. */
import type { BlockUnit } from "./block-unit.ts";
import { be16, putBe } from "./cdb.ts";
import { answer, type CommandRow, dataIn } from "./command.ts";
import { SENSE } from "./sense.ts";
import * as S from "./spec.ts";

/** One page: what follows its four bytes of header, or null where the unit has none. */
export interface VpdPage {
  readonly code: number;
  build(unit: BlockUnit): Uint8Array | null;
}

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Text in a field of `length` bytes, filled up with spaces. */
function padded(text: string, length: number): Uint8Array {
  return ascii(text.padEnd(length)).subarray(0, length);
}

/** Standard INQUIRY data (SPC-4, 6.6.2): SPC-3, hierarchical LUNs, synchronous transfers, commands queue. */
export function standardInquiry(
  peripheral: number,
  removable: boolean,
  { vendor, product, version }: { readonly vendor: string; readonly product: string; readonly version: string },
): Uint8Array {
  const bytes = new Uint8Array(36);
  bytes[0] = peripheral;
  bytes[1] = removable ? 0x80 : 0;
  bytes[2] = 5;
  bytes[3] = 0x12;
  bytes[4] = bytes.length - 5;
  bytes[7] = 0x12;
  bytes.set(padded(vendor, 8), 8);
  bytes.set(padded(product, 16), 16);
  bytes.set(padded(version, 4), 32);
  return bytes;
}

/** A page with its header. */
function vpdPage(peripheral: number, code: number, content: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(4 + content.length);
  bytes[0] = peripheral;
  bytes[1] = code;
  putBe(bytes, 2, 2, content.length);
  bytes.set(content, 4);
  return bytes;
}

/** SPC-4, 7.8.15. */
const UNIT_SERIAL_NUMBER: VpdPage = {
  code: S.VPD_UNIT_SERIAL_NUMBER,
  build: ({ options: { serial } }) => (serial === "" ? null : ascii(serial).subarray(0, 36)),
};

/** SPC-4, 7.8.5: the vendor's name of the unit in ASCII, and its world wide name. */
const DEVICE_IDENTIFICATION: VpdPage = {
  code: S.VPD_DEVICE_IDENTIFICATION,
  build({ options: { deviceId, wwn } }) {
    const name = ascii(deviceId).subarray(0, 247);
    const designators = name.length > 0 ? [Uint8Array.of(0x02, 0x00, 0, name.length, ...name)] : [];
    if (wwn !== 0n) {
      const naa = new Uint8Array(12);
      naa.set([0x01, 0x03, 0, 8]);
      new DataView(naa.buffer).setBigUint64(4, wwn);
      designators.push(naa);
    }
    return Uint8Array.from(designators.flatMap((designator) => [...designator]));
  },
};

/** The most that one command should move, and the most and the best that UNMAP takes; QEMU's values in bytes. */
const MAX_TRANSFER_BYTES = 2 ** 31 - 1;
const MAX_UNMAP_BYTES = 2 ** 30;
const MAX_UNMAP_DESCRIPTORS = 255;
const UNMAP_GRANULARITY_BYTES = 4096;

/** SBC-3, 6.6.4. */
const BLOCK_LIMITS: VpdPage = {
  code: S.VPD_BLOCK_LIMITS,
  build({ blockSize }) {
    const bytes = new Uint8Array(0x3c);
    const maxBlocks = Math.floor(MAX_TRANSFER_BYTES / blockSize);
    // WSNZ: WRITE SAME of no blocks is refused.
    bytes[0] = 1;
    putBe(bytes, 4, 4, maxBlocks);
    putBe(bytes, 16, 4, MAX_UNMAP_BYTES / blockSize);
    putBe(bytes, 20, 4, MAX_UNMAP_DESCRIPTORS);
    putBe(bytes, 24, 4, Math.max(1, UNMAP_GRANULARITY_BYTES / blockSize));
    putBe(bytes, 32, 8, maxBlocks);
    return bytes;
  },
};

/** SBC-3, 6.6.3. */
const BLOCK_DEVICE_CHARACTERISTICS: VpdPage = {
  code: S.VPD_BLOCK_DEVICE_CHARACTERISTICS,
  build({ options }) {
    const bytes = new Uint8Array(0x3c);
    putBe(bytes, 0, 2, options.rotationRate);
    return bytes;
  },
};

/** SBC-3, 6.6.5: UNMAP and both WRITE SAME unmap; thinly provisioned. */
const LOGICAL_BLOCK_PROVISIONING: VpdPage = {
  code: S.VPD_LOGICAL_BLOCK_PROVISIONING,
  build: () => Uint8Array.of(0, 0xe0, 2, 0),
};

export const CD_VPD_PAGES: readonly VpdPage[] = [UNIT_SERIAL_NUMBER, DEVICE_IDENTIFICATION];
export const DISK_VPD_PAGES: readonly VpdPage[] = [
  ...CD_VPD_PAGES,
  BLOCK_LIMITS,
  BLOCK_DEVICE_CHARACTERISTICS,
  LOGICAL_BLOCK_PROVISIONING,
];

function buildPage(unit: BlockUnit, code: number): Uint8Array | null {
  const { vpdPages } = unit;
  if (code === S.VPD_SUPPORTED_PAGES) {
    const codes = vpdPages.filter((page) => page.build(unit) !== null).map((page) => page.code);
    return Uint8Array.of(S.VPD_SUPPORTED_PAGES, ...codes);
  }
  return vpdPages.find((page) => page.code === code)?.build(unit) ?? null;
}

export const INQUIRY_COMMAND: CommandRow<BlockUnit> = {
  opcode: S.INQUIRY,
  name: "INQUIRY",
  withoutMedium: true,
  transfer: (cdb) => dataIn(be16(cdb, 3)),
  run(unit, task) {
    const { peripheral, options } = unit;
    const [, flags = 0, code = 0] = task.cdb;
    if ((flags & 1) === 0) {
      if (code !== 0) return SENSE.invalidFieldInCdb;
      return answer(task, standardInquiry(peripheral, options.removable, options));
    }
    const page = buildPage(unit, code);
    return page === null ? SENSE.invalidFieldInCdb : answer(task, vpdPage(peripheral, code, page));
  },
};
