// @ts-check
/** The same for v86, which is as the package has it: it and all that its machine needs lie beside the page's folder. */
import { runUntilEnd } from "../lib/run-until-end.mjs";

/**
 * Boots a machine; resolves with what its console printed when the guest is done.
 * @param {{ args: string, timeoutMs: number }} setup `args`: the kernel's command line.
 */
async function run({ args, timeoutMs }) {
  const library = "../machine/libv86.mjs";
  const { V86 } = await import(library);
  return runUntilEnd(timeoutMs, (take) => {
    const machine = new V86({
      wasm_path: "../machine/v86.wasm",
      memory_size: 256 * 2 ** 20,
      vga_memory_size: 2 * 2 ** 20,
      bios: { url: "../machine/bios.bin" },
      vga_bios: { url: "../machine/vgabios-stdvga.bin" },
      bzimage: { url: "../machine/kernel" },
      initrd: { url: "../machine/initrd" },
      cmdline: args,
      autostart: true,
      disable_keyboard: true,
      disable_mouse: true,
      disable_speaker: true,
    });
    machine.add_listener("serial0-output-byte", (/** @type {number} */ byte) => take(String.fromCharCode(byte)));
  });
}

Reflect.set(window, "bench", { run, end: () => null });
