/** PSCI 1.1 by HVC (Arm DEN 0022), as QEMU's `virt` answers it to a machine without EL2 and EL3. */
import { getX, setX } from "../a64/fields";
import { system_event } from "../host";
import { GUEST_ERROR_PSCI } from "../lib/guest-error";
import { reportGuestError } from "../lib/report-guest-error";
import { cpuCount } from "./cpus";
import { startCpu } from "./reset";
import { CPU_INDEX, CPU_POWER, POWER_OFF, POWER_ON, POWER_WFI, cpuBase, requestLeave } from "./state";

const PSCI_VERSION: u32 = 0x8400_0000;
const PSCI_CPU_SUSPEND: u32 = 0x8400_0001;
const PSCI_CPU_OFF: u32 = 0x8400_0002;
const PSCI_CPU_ON: u32 = 0x8400_0003;
const PSCI_AFFINITY_INFO: u32 = 0x8400_0004;
const PSCI_MIGRATE_INFO_TYPE: u32 = 0x8400_0006;
const PSCI_SYSTEM_OFF: u32 = 0x8400_0008;
const PSCI_SYSTEM_RESET: u32 = 0x8400_0009;
const PSCI_FEATURES: u32 = 0x8400_000a;
/** Function identifiers of the 64-bit calling convention differ in this bit. */
const SMC64: u32 = 0x4000_0000;

const SUCCESS: i64 = 0;
const NOT_SUPPORTED: i64 = -1;
const INVALID_PARAMETERS: i64 = -2;
const ALREADY_ON: i64 = -4;

/** Reasons that the host is told by system_event. */
export const EVENT_SYSTEM_OFF: u32 = 1;
export const EVENT_SYSTEM_RESET: u32 = 2;

/** Answers the call in X0 to X3; the result goes to X0. */
export function psciCall(cpu: usize): void {
  setX(cpu, 0, <u64>answer(cpu, <u32>getX(cpu, 0)));
}

function answer(cpu: usize, id: u32): i64 {
  switch (id) {
    case PSCI_VERSION:
      return 0x0001_0001;
    case PSCI_MIGRATE_INFO_TYPE:
      // No trusted operating system is there to migrate.
      return 2;
    case PSCI_AFFINITY_INFO:
    case PSCI_AFFINITY_INFO | SMC64: {
      const index = indexOf(getX(cpu, 1));
      if (index < 0) return INVALID_PARAMETERS;
      return load<u32>(cpuBase(index), CPU_POWER) == POWER_OFF ? 1 : 0;
    }
    case PSCI_CPU_ON:
    case PSCI_CPU_ON | SMC64:
      return cpuOn(cpu);
    case PSCI_CPU_OFF:
      store<u32>(cpu, POWER_OFF, CPU_POWER);
      requestLeave(cpu);
      return SUCCESS;
    case PSCI_CPU_SUSPEND:
    case PSCI_CPU_SUSPEND | SMC64:
      // Affinity level 0 standby, as QEMU has it: a WFI.
      if ((getX(cpu, 1) & 0xffff_0000) != 0 && (getX(cpu, 1) & 0x0001_0000) != 0) return INVALID_PARAMETERS;
      store<u32>(cpu, POWER_WFI, CPU_POWER);
      requestLeave(cpu);
      return SUCCESS;
    case PSCI_SYSTEM_OFF:
    case PSCI_SYSTEM_RESET:
      store<u32>(cpu, POWER_OFF, CPU_POWER);
      system_event(id == PSCI_SYSTEM_OFF ? EVENT_SYSTEM_OFF : EVENT_SYSTEM_RESET);
      requestLeave(cpu);
      return SUCCESS;
    case PSCI_FEATURES:
      return isKnown(<u32>getX(cpu, 1)) ? SUCCESS : NOT_SUPPORTED;
    default:
      reportGuestError(GUEST_ERROR_PSCI, id);
      return NOT_SUPPORTED;
  }
}

function isKnown(id: u32): bool {
  switch (id) {
    case PSCI_VERSION:
    case PSCI_MIGRATE_INFO_TYPE:
    case PSCI_AFFINITY_INFO:
    case PSCI_AFFINITY_INFO | SMC64:
    case PSCI_CPU_ON:
    case PSCI_CPU_ON | SMC64:
    case PSCI_CPU_OFF:
    case PSCI_CPU_SUSPEND:
    case PSCI_CPU_SUSPEND | SMC64:
    case PSCI_SYSTEM_OFF:
    case PSCI_SYSTEM_RESET:
    case PSCI_FEATURES:
      return true;
    default:
      return false;
  }
}

/** CPU number of an MPIDR affinity value, -1 when there is none. */
function indexOf(affinity: u64): i32 {
  return affinity < <u64>cpuCount() ? <i32>affinity : -1;
}

function cpuOn(cpu: usize): i64 {
  const index = indexOf(getX(cpu, 1));
  if (index < 0) return INVALID_PARAMETERS;
  const target = cpuBase(index);
  if (load<u32>(target, CPU_INDEX) == load<u32>(cpu, CPU_INDEX) || load<u32>(target, CPU_POWER) != POWER_OFF)
    return ALREADY_ON;
  startCpu(target, getX(cpu, 2), getX(cpu, 3));
  store<u32>(target, POWER_ON, CPU_POWER);
  return SUCCESS;
}
