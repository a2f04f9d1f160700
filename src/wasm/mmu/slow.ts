/** Slow paths of guest loads and stores. */
export function loadSlow(cpu: usize, va: u64, size: u32, el: u32): u64 {
  return 0;
}
export function storeSlow(cpu: usize, va: u64, value: u64, size: u32, el: u32): void {}
