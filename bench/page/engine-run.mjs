// @ts-check
/**
 * Runs a bare-metal program on the engine, without a machine around it: in Node and in a page's worker alike. It imports
 * nothing, so that both take the very same file.
 */

/** Guest physical address of RAM and of the program in it; `start.S` is linked for the second. */
const RAM_BASE_GPA = 0x4000_0000;
const PROGRAM_OFFSET = 0x8_0000;
/** The engine's memory has to be a whole number of these. */
const WASM_PAGE_BYTES = 0x1_0000;
const RAM_BYTES = 16 * 2 ** 20;
/** About as much as the machine runs between two looks at the clock. */
const BUDGET_INSTRUCTIONS = 300_000;
/** A program that is not done by then has gone astray. */
const MAX_INSTRUCTIONS = 20e9;
/** Where the check value is. */
const CHECK_REGISTER = 19;

/**
 * @typedef {object} EngineExports What is used of src/wasm/index.ts.
 * @property {(sizeBytes: number) => void} mem_init
 * @property {(host: number, length: number) => void} mem_invalidate_code
 * @property {(version: number, cpus: number) => void} gic_init
 * @property {(index: number, cpus: number) => void} cpu_reset
 * @property {(index: number, entryLow: number, entryHigh: number, x0Low: number, x0High: number) => void} cpu_start
 * @property {(index: number, budget: number, scale: number) => number} cpu_run
 * @property {(index: number) => number} cpu_instructions
 * @property {(index: number, register: number, high: number) => number} cpu_register
 */

/** @typedef {{ check: string, instructions: number, wallMs: number }} Outcome `check` is hexadecimal. */

/**
 * @param {WebAssembly.Module} module The engine.
 * @param {number} ramBase RAM_BASE of src/wasm/layout.ts: where guest RAM begins in the engine's memory.
 * @param {Uint8Array} program A flat binary.
 * @returns {Promise<() => Outcome>} Runs the program from its start to its SYSTEM_OFF; throws where it does anything else.
 */
export async function prepareRun(module, ramBase, program) {
  const pages = (ramBase + RAM_BYTES) / WASM_PAGE_BYTES;
  const memory = new WebAssembly.Memory({ initial: Math.ceil(pages), maximum: 0x1_0000 });
  let off = false;
  const unexpected = (/** @type {string} */ what) => () => {
    throw new Error(`the program must not cause ${what}`);
  };
  const instance = await WebAssembly.instantiate(module, {
    env: { memory, abort: unexpected("an abort of the engine") },
    host: {
      bus_read: unexpected("a device read"),
      bus_read_high: unexpected("a device read"),
      bus_write: unexpected("a device write"),
      guest_error: unexpected("a guest error"),
      system_event: () => {
        off = true;
      },
      counter_low: () => 0,
      counter_high: () => 0,
      // The compiler is off: this is the interpreter's benchmark.
      jit_install: unexpected("a compilation"),
      jit_release: unexpected("a compilation"),
      jit_listed_at: unexpected("a listing"),
      jit_listed: unexpected("a listing"),
      lockstep_state: unexpected("lockstep"),
      lockstep_memory: unexpected("lockstep"),
      lockstep_instruction: unexpected("lockstep"),
      lockstep_failed: unexpected("lockstep"),
    },
  });
  const engine = /** @type {EngineExports} */ (/** @type {unknown} */ (instance.exports));
  engine.mem_init(RAM_BYTES);
  const ram = new Uint8Array(memory.buffer, ramBase, RAM_BYTES);
  const registerHalf = (/** @type {0 | 1} */ high) =>
    (engine.cpu_register(0, CHECK_REGISTER, high) >>> 0).toString(16).padStart(8, "0");
  return () => {
    ram.fill(0);
    ram.set(program, PROGRAM_OFFSET);
    engine.gic_init(2, 1);
    engine.cpu_reset(0, 1);
    engine.mem_invalidate_code(ramBase, RAM_BYTES);
    engine.cpu_start(0, RAM_BASE_GPA + PROGRAM_OFFSET, 0, 0, 0);
    off = false;
    const before = engine.cpu_instructions(0);
    const started = performance.now();
    while (!off) {
      engine.cpu_run(0, BUDGET_INSTRUCTIONS, 0);
      if (engine.cpu_instructions(0) - before > MAX_INSTRUCTIONS) throw new Error("the program does not end");
    }
    const wallMs = performance.now() - started;
    return { check: registerHalf(1) + registerHalf(0), instructions: engine.cpu_instructions(0) - before, wallMs };
  };
}
