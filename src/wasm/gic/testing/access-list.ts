/** Lists of register accesses: one list drives QEMU (interpreter.S) and the engine alike. */
import * as iccKeys from "../icc-keys.ts";
import * as timerKeys from "../../timer/timer-keys.ts";

/** Kinds of access; the numbers are interpreter.S's. */
export const OP_LOAD = { 1: 0, 2: 1, 4: 2, 8: 3 } as const;
export const OP_STORE = { 1: 4, 2: 5, 4: 6, 8: 7 } as const;
export const OP_MRS = 8;
export const OP_MSR = 9;
export const OP_MRS_EL0 = 10;
export const OP_MSR_EL0 = 11;

export type Size = 1 | 2 | 4 | 8;

/** One access: `where` is a physical address, or an index into SYSTEM_REGISTERS. */
export interface Access {
  op: number;
  cpu: number;
  where: number;
  value: bigint;
}

/** A system register by name and by its key: op0 << 14 | op1 << 11 | CRn << 7 | CRm << 3 | op2. */
export interface SystemRegister {
  name: string;
  key: number;
}

function registersOf(list: Record<string, unknown>): SystemRegister[] {
  return Object.entries(list)
    .filter(([name]) => name.startsWith("KEY_"))
    .map(([name, key]) => ({ name: name.slice(4), key: Number(key) }));
}

const icc = (crm: number, op2: number): number => (3 << 14) | (12 << 7) | (crm << 3) | op2;

/** ISR_EL1 shows the lines. The last ones are registers that must not exist on this machine. */
export const ISR_EL1: SystemRegister = { name: "ISR_EL1", key: (3 << 14) | (12 << 7) | (1 << 3) };
export const SYSTEM_REGISTERS: readonly SystemRegister[] = [
  ISR_EL1,
  ...registersOf(iccKeys),
  ...registersOf(timerKeys),
  { name: "ICC_AP0R1_EL1", key: icc(8, 5) },
  { name: "ICC_AP1R1_EL1", key: icc(9, 1) },
  { name: "ICC_NMIAR1_EL1", key: icc(9, 5) },
  { name: "ICC_SRE_EL3", key: (3 << 14) | (6 << 11) | (12 << 7) | (12 << 3) | 5 },
];

/** Index of a register of SYSTEM_REGISTERS. */
export function registerIndex(name: string): number {
  const index = SYSTEM_REGISTERS.findIndex((register) => register.name === name);
  if (index < 0) throw new Error(`no system register ${name} in the list`);
  return index;
}

/** The assembler's generic name of a register. */
function genericName(key: number): string {
  return `S${key >> 14}_${(key >> 11) & 7}_C${(key >> 7) & 15}_C${(key >> 3) & 15}_${key & 7}`;
}

/** The stubs that interpreter.S includes. */
export function stubs(): string {
  const lines = ["reads:"];
  for (const { key } of SYSTEM_REGISTERS) lines.push(` mrs x0, ${genericName(key)}`, " ret");
  lines.push("writes:");
  for (const { key } of SYSTEM_REGISTERS) lines.push(` msr ${genericName(key)}, x0`, " ret");
  return `${lines.join("\n")}\n`;
}

/** The list as interpreter.S reads it. */
export function encode(list: readonly Access[], cpus: number): Buffer {
  const bytes = Buffer.alloc(16 + list.length * 32);
  bytes.writeUInt32LE(list.length, 0);
  bytes.writeUInt32LE(cpus, 4);
  list.forEach((access, i) => {
    const at = 16 + i * 32;
    bytes.writeUInt32LE(access.op, at);
    bytes.writeUInt32LE(access.cpu, at + 4);
    bytes.writeBigUInt64LE(BigInt(access.where), at + 8);
    bytes.writeBigUInt64LE(access.value, at + 16);
  });
  return bytes;
}

/** An access in words, for the message of a failed comparison. */
export function describeAccess(access: Access): string {
  const where = access.op >= OP_MRS ? SYSTEM_REGISTERS[access.where]?.name : `0x${access.where.toString(16)}`;
  const name = ["ldrb", "ldrh", "ldr w", "ldr x", "strb", "strh", "str w", "str x", "mrs", "msr", "el0 mrs", "el0 msr"][
    access.op
  ];
  const value =
    access.op === OP_MRS || access.op === OP_MRS_EL0 || access.op < 4 ? "" : ` = 0x${access.value.toString(16)}`;
  return `cpu${access.cpu} ${name} ${where}${value}`;
}

/** Builds a list; `on(cpu)` says which CPU does what follows. */
export class AccessList {
  readonly accesses: Access[] = [];
  #cpu = 0;

  on(cpu: number): this {
    this.#cpu = cpu;
    return this;
  }

  read(address: number, size: Size = 4): this {
    this.accesses.push({ op: OP_LOAD[size], cpu: this.#cpu, where: address, value: 0n });
    return this;
  }

  write(address: number, value: number | bigint, size: Size = 4): this {
    this.accesses.push({
      op: OP_STORE[size],
      cpu: this.#cpu,
      where: address,
      value: BigInt.asUintN(64, BigInt(value)),
    });
    return this;
  }

  mrs(name: string): this {
    this.accesses.push({ op: OP_MRS, cpu: this.#cpu, where: registerIndex(name), value: 0n });
    return this;
  }

  msr(name: string, value: number | bigint): this {
    this.accesses.push({
      op: OP_MSR,
      cpu: this.#cpu,
      where: registerIndex(name),
      value: BigInt.asUintN(64, BigInt(value)),
    });
    return this;
  }

  mrsAtEl0(name: string): this {
    this.accesses.push({ op: OP_MRS_EL0, cpu: this.#cpu, where: registerIndex(name), value: 0n });
    return this;
  }

  msrAtEl0(name: string, value: number | bigint): this {
    this.accesses.push({
      op: OP_MSR_EL0,
      cpu: this.#cpu,
      where: registerIndex(name),
      value: BigInt.asUintN(64, BigInt(value)),
    });
    return this;
  }
}
