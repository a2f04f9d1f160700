/** Small files inside their inode (Linux Documentation/filesystems/ext4/inlinedata.rst, attributes.rst). */
import { InspectError } from "./inspect-error.ts";
import { hasMagic, viewOf } from "./volume.ts";

const I_BLOCK = 40;
const I_BLOCK_BYTES = 60;
const GOOD_OLD_BYTES = 128;
const XATTR_MAGIC = 0xea02_0000;
const ENTRY_BYTES = 16;
/** EXT4_XATTR_INDEX_SYSTEM; the attribute's whole name is "system.data". */
const SYSTEM_INDEX = 7;
const NAME = "data";

/** The 60 bytes in place of block numbers and, if it is there, the value of the attribute system.data behind them. */
export function inlineData(inode: Uint8Array): Uint8Array {
  const first = inode.subarray(I_BLOCK, I_BLOCK + I_BLOCK_BYTES);
  const rest = systemData(inode);
  const whole = new Uint8Array(first.length + rest.length);
  whole.set(first);
  whole.set(rest, first.length);
  return whole;
}

function systemData(inode: Uint8Array): Uint8Array {
  const none = new Uint8Array(0);
  const view = viewOf(inode);
  if (inode.length < GOOD_OLD_BYTES + 4) return none;
  const header = GOOD_OLD_BYTES + view.getUint16(GOOD_OLD_BYTES, true);
  if (header + 4 > inode.length || view.getUint32(header, true) !== XATTR_MAGIC) return none;
  const entries = header + 4;
  for (let at = entries; at + ENTRY_BYTES <= inode.length && view.getUint32(at, true) !== 0; ) {
    const nameBytes = view.getUint8(at);
    if (
      view.getUint8(at + 1) === SYSTEM_INDEX &&
      nameBytes === NAME.length &&
      hasMagic(inode, at + ENTRY_BYTES, NAME)
    ) {
      const start = entries + view.getUint16(at + 2, true);
      const end = start + view.getUint32(at + 8, true);
      if (end > inode.length) throw new InspectError("A small file's data goes past its inode: it is damaged.");
      return inode.subarray(start, end);
    }
    at += (ENTRY_BYTES + nameBytes + 3) & ~3;
  }
  return none;
}
