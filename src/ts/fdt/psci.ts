/** The /psci node: how an arm64 kernel reaches the power state functions (Arm DEN0022, Linux binding arm/psci.yaml). */
import { cells, type FdtNode, fdtNode, strings } from "./tree.ts";

/** Function identifiers of PSCI 1.0, in the SMC64 convention where there is one. */
const PSCI = { CPU_SUSPEND: 0xc400_0001, CPU_OFF: 0x8400_0002, CPU_ON: 0xc400_0003, MIGRATE: 0xc400_0005 } as const;

/** The node QEMU writes for a machine whose PSCI is reached with HVC. */
export function psciNode(): FdtNode {
  return fdtNode("psci", {
    compatible: strings("arm,psci-1.0", "arm,psci-0.2", "arm,psci"),
    method: strings("hvc"),
    cpu_suspend: cells(PSCI.CPU_SUSPEND),
    cpu_off: cells(PSCI.CPU_OFF),
    cpu_on: cells(PSCI.CPU_ON),
    migrate: cells(PSCI.MIGRATE),
  });
}
