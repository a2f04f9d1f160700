/** The version of this program, as package.json has it (a test holds the two together). */
export const VERSION = "0.1.0";

/** Machine versions whose guest-visible defaults can be asked for (`-M virt,armlet=…`), the newest last. */
export const MACHINE_VERSIONS = ["1.0"] as const;
