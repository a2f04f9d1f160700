/** The machine's registers as text, for reports of errors. */
import type { MachineConfig } from "../config/machine-config.ts";
import type { EngineExports } from "./engine.ts";

/** Registers that cpu_register knows besides X0 to X30 and SP (31), in the order of their numbers from 32. */
const SPECIAL = [
  "PC",
  "PSTATE",
  "ESR_EL1",
  "FAR_EL1",
  "ELR_EL1",
  "SPSR_EL1",
  "VBAR_EL1",
  "SCTLR_EL1",
  "TTBR0_EL1",
  "TTBR1_EL1",
  "TCR_EL1",
];

/** Registers of the first CPU, what the machine is, and the last messages. */
export function machineReport(engine: EngineExports, config: MachineConfig, messages: readonly string[]): string {
  const value = (register: number): string => {
    const high = engine.cpu_register(0, register, 1) >>> 0;
    const low = engine.cpu_register(0, register, 0) >>> 0;
    return high.toString(16).padStart(8, "0") + low.toString(16).padStart(8, "0");
  };
  const names = [...Array.from({ length: 31 }, (_, n) => `X${n}`), "SP", ...SPECIAL];
  const lines = names.map((name, register) => `${name.padStart(9)} ${value(register)}`);
  const rows: string[] = [];
  for (let at = 0; at < lines.length; at += 3) rows.push(lines.slice(at, at + 3).join(" "));
  const machine = `${config.machine}, GICv${config.gicVersion}, ${config.cpu}, ${config.ramSizeBytes / 2 ** 20} MiB`;
  const devices = config.devices.map((device) => device.name).join(", ");
  return [`machine ${machine}${devices === "" ? "" : `; ${devices}`}`, ...rows, ...messages].join("\n");
}
