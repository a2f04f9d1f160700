/** LD1-LD4, ST1-ST4 and LD1R-LD4R: multiple and single structures (ARM ARM C4.1.88). */
import {
  loadLanes,
  loadRegisters,
  loadReplicate,
  loadStructures,
  storeLanes,
  storeRegisters,
  storeStructures,
} from "./simd-structures";

export function ST4_asisdlse_R4(cpu: usize, insn: u32): void {
  storeStructures(cpu, insn, 4);
}
export function ST1_asisdlse_R4_4v(cpu: usize, insn: u32): void {
  storeRegisters(cpu, insn, 4);
}
export function ST3_asisdlse_R3(cpu: usize, insn: u32): void {
  storeStructures(cpu, insn, 3);
}
export function ST1_asisdlse_R3_3v(cpu: usize, insn: u32): void {
  storeRegisters(cpu, insn, 3);
}
export function ST1_asisdlse_R1_1v(cpu: usize, insn: u32): void {
  storeRegisters(cpu, insn, 1);
}
export function ST2_asisdlse_R2(cpu: usize, insn: u32): void {
  storeStructures(cpu, insn, 2);
}
export function ST1_asisdlse_R2_2v(cpu: usize, insn: u32): void {
  storeRegisters(cpu, insn, 2);
}
export function LD4_asisdlse_R4(cpu: usize, insn: u32): void {
  loadStructures(cpu, insn, 4);
}
export function LD1_asisdlse_R4_4v(cpu: usize, insn: u32): void {
  loadRegisters(cpu, insn, 4);
}
export function LD3_asisdlse_R3(cpu: usize, insn: u32): void {
  loadStructures(cpu, insn, 3);
}
export function LD1_asisdlse_R3_3v(cpu: usize, insn: u32): void {
  loadRegisters(cpu, insn, 3);
}
export function LD1_asisdlse_R1_1v(cpu: usize, insn: u32): void {
  loadRegisters(cpu, insn, 1);
}
export function LD2_asisdlse_R2(cpu: usize, insn: u32): void {
  loadStructures(cpu, insn, 2);
}
export function LD1_asisdlse_R2_2v(cpu: usize, insn: u32): void {
  loadRegisters(cpu, insn, 2);
}
export function ST4_asisdlsep_R4(cpu: usize, insn: u32): void {
  storeStructures(cpu, insn, 4);
}
export function ST1_asisdlsep_R4_4v(cpu: usize, insn: u32): void {
  storeRegisters(cpu, insn, 4);
}
export function ST3_asisdlsep_R3(cpu: usize, insn: u32): void {
  storeStructures(cpu, insn, 3);
}
export function ST1_asisdlsep_R3_3v(cpu: usize, insn: u32): void {
  storeRegisters(cpu, insn, 3);
}
export function ST1_asisdlsep_R1_1v(cpu: usize, insn: u32): void {
  storeRegisters(cpu, insn, 1);
}
export function ST2_asisdlsep_R2(cpu: usize, insn: u32): void {
  storeStructures(cpu, insn, 2);
}
export function ST1_asisdlsep_R2_2v(cpu: usize, insn: u32): void {
  storeRegisters(cpu, insn, 2);
}
export function LD4_asisdlsep_R4(cpu: usize, insn: u32): void {
  loadStructures(cpu, insn, 4);
}
export function LD1_asisdlsep_R4_4v(cpu: usize, insn: u32): void {
  loadRegisters(cpu, insn, 4);
}
export function LD3_asisdlsep_R3(cpu: usize, insn: u32): void {
  loadStructures(cpu, insn, 3);
}
export function LD1_asisdlsep_R3_3v(cpu: usize, insn: u32): void {
  loadRegisters(cpu, insn, 3);
}
export function LD1_asisdlsep_R1_1v(cpu: usize, insn: u32): void {
  loadRegisters(cpu, insn, 1);
}
export function LD2_asisdlsep_R2(cpu: usize, insn: u32): void {
  loadStructures(cpu, insn, 2);
}
export function LD1_asisdlsep_R2_2v(cpu: usize, insn: u32): void {
  loadRegisters(cpu, insn, 2);
}
export function ST1_asisdlso(cpu: usize, insn: u32): void {
  storeLanes(cpu, insn, 1);
}
export function ST2_asisdlso(cpu: usize, insn: u32): void {
  storeLanes(cpu, insn, 2);
}
export function ST3_asisdlso(cpu: usize, insn: u32): void {
  storeLanes(cpu, insn, 3);
}
export function ST4_asisdlso(cpu: usize, insn: u32): void {
  storeLanes(cpu, insn, 4);
}
export function LD1_asisdlso(cpu: usize, insn: u32): void {
  loadLanes(cpu, insn, 1);
}
export function LD2_asisdlso(cpu: usize, insn: u32): void {
  loadLanes(cpu, insn, 2);
}
export function LD3_asisdlso(cpu: usize, insn: u32): void {
  loadLanes(cpu, insn, 3);
}
export function LD4_asisdlso(cpu: usize, insn: u32): void {
  loadLanes(cpu, insn, 4);
}
export function LD1R_asisdlso(cpu: usize, insn: u32): void {
  loadReplicate(cpu, insn, 1);
}
export function LD2R_asisdlso(cpu: usize, insn: u32): void {
  loadReplicate(cpu, insn, 2);
}
export function LD3R_asisdlso(cpu: usize, insn: u32): void {
  loadReplicate(cpu, insn, 3);
}
export function LD4R_asisdlso(cpu: usize, insn: u32): void {
  loadReplicate(cpu, insn, 4);
}
export function ST1_asisdlsop(cpu: usize, insn: u32): void {
  storeLanes(cpu, insn, 1);
}
export function ST2_asisdlsop(cpu: usize, insn: u32): void {
  storeLanes(cpu, insn, 2);
}
export function ST3_asisdlsop(cpu: usize, insn: u32): void {
  storeLanes(cpu, insn, 3);
}
export function ST4_asisdlsop(cpu: usize, insn: u32): void {
  storeLanes(cpu, insn, 4);
}
export function LD1_asisdlsop(cpu: usize, insn: u32): void {
  loadLanes(cpu, insn, 1);
}
export function LD2_asisdlsop(cpu: usize, insn: u32): void {
  loadLanes(cpu, insn, 2);
}
export function LD3_asisdlsop(cpu: usize, insn: u32): void {
  loadLanes(cpu, insn, 3);
}
export function LD4_asisdlsop(cpu: usize, insn: u32): void {
  loadLanes(cpu, insn, 4);
}
export function LD1R_asisdlsop(cpu: usize, insn: u32): void {
  loadReplicate(cpu, insn, 1);
}
export function LD2R_asisdlsop(cpu: usize, insn: u32): void {
  loadReplicate(cpu, insn, 2);
}
export function LD3R_asisdlsop(cpu: usize, insn: u32): void {
  loadReplicate(cpu, insn, 3);
}
export function LD4R_asisdlsop(cpu: usize, insn: u32): void {
  loadReplicate(cpu, insn, 4);
}
