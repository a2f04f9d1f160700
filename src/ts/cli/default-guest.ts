/** The guest that boots where no kernel is named: the one that `npm start` assembles. */
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { parseCommandLine } from "../config/command-line.ts";
import type { MachineConfig } from "../config/machine-config.ts";
import { errorCode, fileError, HostError } from "./host-error.ts";

/** What is used of .cache/guest/manifest.json (guest/manifest.mjs writes it). */
interface GuestRecord {
  readonly kernel: { readonly file: string };
  readonly initrd: { readonly file: string };
  /** The machine, as a command line; its file names are the page's. */
  readonly args: string;
}

/** Lets `config` boot the default guest. Rejects with a HostError that says what to do where there is none. */
export async function withDefaultGuest(config: MachineConfig, manifestFile: string): Promise<MachineConfig> {
  const guest = await readDefaultGuest(manifestFile);
  const inFolder = (file: string): string => join(dirname(manifestFile), file);
  const machine = parseCommandLine(guest.args);
  const withFiles: MachineConfig = {
    ...config,
    kernel: inFolder(guest.kernel.file),
    initrd: config.initrd ?? inFolder(guest.initrd.file),
    append: config.append ?? machine.append,
  };
  return config.noDefaults ? withFiles : withDevices(withFiles, machine);
}

/** The devices of `machine` first, so that its guest finds them where it always does; an id of the user's wins. */
function withDevices(config: MachineConfig, machine: MachineConfig): MachineConfig {
  const missing = <Item extends { readonly id: string }>(items: readonly Item[], others: readonly Item[]): Item[] =>
    items.filter((item) => !others.some(({ id }) => id === item.id));
  return {
    ...config,
    chardevs: [...missing(machine.chardevs, config.chardevs), ...config.chardevs],
    randomSources: [...missing(machine.randomSources, config.randomSources), ...config.randomSources],
    devices: [...machine.devices, ...config.devices],
  };
}

async function readDefaultGuest(manifestFile: string): Promise<GuestRecord> {
  let text: string;
  try {
    text = await readFile(manifestFile, "utf8");
  } catch (error) {
    if (errorCode(error) !== "ENOENT") throw fileError(manifestFile, error);
    throw new HostError(
      'The default guest is not there yet: "npm start" or "npm run guest" assembles it. Or name a kernel with -kernel FILE.',
      { cause: error },
    );
  }
  try {
    const manifest = JSON.parse(text) as { default: string; guests: Record<string, GuestRecord> };
    const { kernel, initrd, args } = manifest.guests[manifest.default] as GuestRecord;
    if (![kernel.file, initrd.file, args].every((value) => typeof value === "string")) throw new TypeError("no text");
    return { kernel, initrd, args };
  } catch (error) {
    throw new HostError(`${manifestFile} is damaged: remove it, then "npm run guest" writes it anew.`, {
      cause: error,
    });
  }
}
