/** How many CPUs the machine has. */
let count: u32 = 1;

/** CPUs 0 to cpuCount() - 1 exist. */
export function cpuCount(): u32 {
  return count;
}

/** Sets the number of CPUs once, before cpu_reset. */
export function setCpuCount(cpus: u32): void {
  count = cpus;
}
