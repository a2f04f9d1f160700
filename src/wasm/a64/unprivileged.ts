/** LDTR and STTR: loads and stores with EL0's permissions (ARM ARM C3.2.5). */
import { faulted } from "../cpu/exception";
import { readVaAs, writeVaAs } from "../mmu/access";
import { Rn, Rt, bits, getX, getXSP, sbits, setX } from "./fields";

export function LDTR_STTR(cpu: usize, insn: u32): void {
  const va = getXSP(cpu, Rn(insn)) + <u64>sbits(insn, 12, 9);
  const size = insn >> 30;
  const opc = bits(insn, 22, 2);
  if (opc == 0) {
    storeAsUser(cpu, va, getX(cpu, Rt(insn)), size);
    return;
  }
  let value = loadAsUser(cpu, va, size);
  if (faulted(cpu)) return;
  if (opc != 1) {
    const unused = <i64>(64 - (8 << size));
    value = <u64>(((<i64>value) << unused) >> unused);
    if (opc == 3) value &= 0xffff_ffff;
  }
  setX(cpu, Rt(insn), value);
}

function loadAsUser(cpu: usize, va: u64, size: u32): u64 {
  switch (size) {
    case 0:
      return <u64>readVaAs<u8>(cpu, va, 0);
    case 1:
      return <u64>readVaAs<u16>(cpu, va, 0);
    case 2:
      return <u64>readVaAs<u32>(cpu, va, 0);
    default:
      return readVaAs<u64>(cpu, va, 0);
  }
}

function storeAsUser(cpu: usize, va: u64, value: u64, size: u32): void {
  switch (size) {
    case 0:
      writeVaAs<u8>(cpu, va, <u8>value, 0);
      break;
    case 1:
      writeVaAs<u16>(cpu, va, <u16>value, 0);
      break;
    case 2:
      writeVaAs<u32>(cpu, va, <u32>value, 0);
      break;
    default:
      writeVaAs<u64>(cpu, va, value, 0);
  }
}
