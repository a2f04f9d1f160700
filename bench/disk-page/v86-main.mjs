// @ts-check
/** The same for v86, which is as the package has it: it and all that its machine needs lie beside the page's folder. */
import { ConsoleShell } from "../page-lib/console-shell.mjs";

/** @type {ConsoleShell | null} */
let shell = null;

/**
 * Boots a machine with the chosen file as its hard disk; resolves when its shell has that.
 * @param {{ kind: "memory" | "file", args: string }} setup `args`: the kernel's command line.
 */
async function start({ kind, args }) {
  const [file] = document.querySelector("input")?.files ?? [];
  if (file === undefined) throw new Error("there is no file");
  const library = "../machine/libv86.mjs";
  const { V86 } = await import(library);
  const machine = new V86({
    wasm_path: "../machine/v86.wasm",
    memory_size: 256 * 2 ** 20,
    vga_memory_size: 2 * 2 ** 20,
    bios: { url: "../machine/bios.bin" },
    vga_bios: { url: "../machine/vgabios-stdvga.bin" },
    bzimage: { url: "../machine/kernel" },
    initrd: { url: "../machine/initrd" },
    // A file that is read where it is, or all of it in memory.
    hda: kind === "file" ? { buffer: file, async: true } : { buffer: await file.arrayBuffer() },
    cmdline: args,
    autostart: true,
    disable_keyboard: true,
    disable_mouse: true,
    disable_speaker: true,
  });
  let text = "";
  machine.add_listener("serial0-output-byte", (/** @type {number} */ byte) => {
    text += String.fromCharCode(byte);
  });
  const console = new ConsoleShell({ text: () => text, write: (typed) => machine.serial0_send(typed) });
  await console.until(() => text.includes("~ # "));
  // The controller looks for its disks in its own time.
  await console.run("modprobe -a ata_piix sd_mod; until [ -b /dev/sda ]; do sleep 0.1; done");
  shell = console;
}

Reflect.set(window, "bench", {
  start,
  /** @param {string} command */
  run: async (command) => {
    if (shell === null) throw new Error("there is no machine");
    return await shell.run(command);
  },
});
