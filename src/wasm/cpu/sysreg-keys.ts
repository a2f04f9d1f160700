/**
 * System registers by their encoding: op0 << 14 | op1 << 11 | CRn << 7 | CRm << 3 | op2, which is bits 20:5 of the MRS
 * or MSR word. ICC_* registers are in gic/icc-keys.ts, the timer's in timer/.
 */
export const MIDR_EL1: u32 = 0xc000;
export const MPIDR_EL1: u32 = 0xc005;
export const REVIDR_EL1: u32 = 0xc006;
export const ID_FIRST: u32 = 0xc008; // op0 3, op1 0, CRn 0, CRm 1
export const ID_LAST: u32 = 0xc03f; // CRm 7, op2 7
export const SCTLR_EL1: u32 = 0xc080;
export const ACTLR_EL1: u32 = 0xc081;
export const CPACR_EL1: u32 = 0xc082;
export const TTBR0_EL1: u32 = 0xc100;
export const TTBR1_EL1: u32 = 0xc101;
export const TCR_EL1: u32 = 0xc102;
export const SPSR_EL1: u32 = 0xc200;
export const ELR_EL1: u32 = 0xc201;
export const SP_EL0: u32 = 0xc208;
export const SPSEL: u32 = 0xc210;
export const CURRENT_EL: u32 = 0xc212;
export const AFSR0_EL1: u32 = 0xc288;
export const AFSR1_EL1: u32 = 0xc289;
export const ESR_EL1: u32 = 0xc290;
export const FAR_EL1: u32 = 0xc300;
export const PAR_EL1: u32 = 0xc3a0;
export const PMINTENSET_EL1: u32 = 0xc4f1;
export const PMINTENCLR_EL1: u32 = 0xc4f2;
export const MAIR_EL1: u32 = 0xc510;
export const AMAIR_EL1: u32 = 0xc518;
export const VBAR_EL1: u32 = 0xc600;
export const RVBAR_EL1: u32 = 0xc601;
export const ISR_EL1: u32 = 0xc608;
export const CONTEXTIDR_EL1: u32 = 0xc681;
export const TPIDR_EL1: u32 = 0xc684;
export const CCSIDR_EL1: u32 = 0xc800;
export const CLIDR_EL1: u32 = 0xc801;
export const AIDR_EL1: u32 = 0xc807;
export const L2CTLR_EL1: u32 = 0xcd82;
export const L2ECTLR_EL1: u32 = 0xcd83;
export const CBAR_EL1: u32 = 0xcf98;
export const CSSELR_EL1: u32 = 0xd000;
export const CTR_EL0: u32 = 0xd801;
export const DCZID_EL0: u32 = 0xd807;
export const NZCV: u32 = 0xda10;
export const DAIF: u32 = 0xda11;
export const FPCR: u32 = 0xda20;
export const FPSR: u32 = 0xda21;
export const TPIDR_EL0: u32 = 0xde82;
export const TPIDRRO_EL0: u32 = 0xde83;

/** Cortex-A57 implementation defined registers CPUACTLR_EL1, CPUECTLR_EL1, CPUMERRSR_EL1, L2ACTLR_EL1, L2MERRSR_EL1. */
export const CPUACTLR_EL1: u32 = 0xcf90;
export const CPUECTLR_EL1: u32 = 0xcf91;
export const CPUMERRSR_EL1: u32 = 0xcf92;
export const L2MERRSR_EL1: u32 = 0xcf93;
export const L2ACTLR_EL1: u32 = 0xcf80;

/** Performance monitors. */
export const PMCR_EL0: u32 = 0xdce0;
export const PMCNTENSET_EL0: u32 = 0xdce1;
export const PMCNTENCLR_EL0: u32 = 0xdce2;
export const PMOVSCLR_EL0: u32 = 0xdce3;
export const PMSWINC_EL0: u32 = 0xdce4;
export const PMSELR_EL0: u32 = 0xdce5;
export const PMCEID0_EL0: u32 = 0xdce6;
export const PMCEID1_EL0: u32 = 0xdce7;
export const PMCCNTR_EL0: u32 = 0xdce8;
export const PMXEVTYPER_EL0: u32 = 0xdce9;
export const PMXEVCNTR_EL0: u32 = 0xdcea;
export const PMUSERENR_EL0: u32 = 0xdcf0;
export const PMOVSSET_EL0: u32 = 0xdcf3;
export const PMEVCNTR_FIRST: u32 = 0xdf40; // CRn 14, CRm 8
export const PMEVTYPER_FIRST: u32 = 0xdf60; // CRn 14, CRm 12
export const PMCCFILTR_EL0: u32 = 0xdf7f;

/** Debug registers (op0 2). */
export const MDCCINT_EL1: u32 = 0x8010;
export const MDSCR_EL1: u32 = 0x8012;
export const MDRAR_EL1: u32 = 0x8080;
export const OSLAR_EL1: u32 = 0x8084;
export const OSLSR_EL1: u32 = 0x808c;
export const OSDLR_EL1: u32 = 0x809c;
export const MDCCSR_EL0: u32 = 0x9808;
