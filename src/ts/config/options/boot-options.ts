/** What the machine starts, and what happens when it ends. */
import type { Draft } from "../draft.ts";
import { ConfigError } from "../config-error.ts";
import { parseHashedFile } from "../hashed-file.ts";
import type { OptionGroup, OptionSpec } from "./option.ts";

type BootFile = "kernel" | "initrd" | "dtb";

const fileOption = (name: `-${BootFile}`, doc: string): OptionSpec => ({
  names: [name],
  argument: "FILE[,sha256=HEX]",
  doc,
  apply({ config }: Draft, value) {
    const { file, sha256 } = parseHashedFile(name, value);
    if (file === "") throw new ConfigError(`${name} needs the name of a file.`);
    const key = name.slice(1) as BootFile;
    config[key] = file;
    config[`${key}Sha256`] = sha256;
    return undefined;
  },
});

const APPEND: OptionSpec = {
  names: ["-append"],
  argument: "TEXT",
  doc: "The kernel's command line",
  apply({ config }, value) {
    config.append = value;
    return undefined;
  },
};

const NO_REBOOT: OptionSpec = {
  names: ["-no-reboot"],
  argument: null,
  doc: "A guest that resets itself ends the machine instead of starting over",
  apply({ config }) {
    config.noReboot = true;
    return undefined;
  },
};

export const BOOT_OPTIONS: OptionGroup = {
  title: "What it boots",
  options: [
    fileOption(
      "-kernel",
      "Linux for arm64 (Image, also packed with gzip, zstd or xz), an ELF file or a flat binary; with its SHA-256, another file is refused",
    ),
    fileOption("-initrd", "The initial file system, handed to the kernel as it is"),
    APPEND,
    fileOption("-dtb", "A device tree in place of the one that describes the machine"),
    NO_REBOOT,
  ],
};
