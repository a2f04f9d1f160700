/** The engine's ABI: exported functions only, grouped by prefix (cpu_ mem_ gic_ vq_ dbg_). */
export { mem_init } from "./mmu/ram";
export { gic_init, gic_set_level } from "./gic/gic";
