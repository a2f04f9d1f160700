/** The engine's ABI: exported functions only, grouped by prefix (cpu_ mem_ gic_ vq_ dbg_). */
export { mem_init } from "./mmu/ram";
export { gic_init, gic_message, gic_set_level } from "./gic/gic";
export { mem_add_device } from "./mmu/physical";
export { invalidateCode as mem_invalidate_code } from "./cpu/code-frame";
export { cpu_reset, cpu_start } from "./cpu/reset";
export { cpu_advance, cpu_run, cpu_timer_ticks, dbg_step } from "./cpu/run";
export { cpu_set_deterministic } from "./timer/generic-timer";
export {
  vq_arm,
  vq_close,
  vq_disable,
  vq_disarm,
  vq_enable,
  vq_flush,
  vq_generation,
  vq_get,
  vq_hold,
  vq_host,
  vq_open,
  vq_pending,
  vq_pop,
  vq_push,
  vq_ram_base,
  vq_ram_size,
  vq_restore,
  vq_set_area,
  vq_set_flags,
  vq_stop,
  vq_unpop,
  vq_written,
} from "./virtqueue/abi";
export { jit_configure, jit_enable, jit_lockstep } from "./jit/execute";
export { jit_list } from "./jit/listing";
export { jit_lockstep_stat } from "./jit/lockstep";
export { jit_stat } from "./jit/compile";
export { callHandler as jit_handler, jit_set_chaining } from "./jit/handlers";
export { callVectors as jit_vectors } from "./jit/crypto";
export { jit_set_fused } from "./jit/fp-fused";
export { hostOrStop as jit_host } from "./jit/translation";
export { packFlags as jit_pack_flags } from "./jit/flags";
export { multiplyHighS as jit_smulh, multiplyHighU as jit_umulh } from "./lib/bits";
export { cpu_instructions, cpu_register, cpu_statistic } from "./cpu/inspect";
