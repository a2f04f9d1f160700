/** The one list of options. */
import { helpText } from "../help.ts";
import { VERSION } from "../version.ts";
import { BOOT_OPTIONS } from "./boot-options.ts";
import { CONSOLE_OPTIONS } from "./console-options.ts";
import { ARMLET_OPTIONS } from "./armlet-options.ts";
import { DEVICE_OPTIONS } from "./device-options.ts";
import { DRIVE_OPTIONS } from "./drive-options.ts";
import { FILE_OPTIONS } from "./file-options.ts";
import { MACHINE_OPTIONS } from "./machine-options.ts";
import { NETWORK_OPTIONS } from "./network-options.ts";
import type { OptionGroup, OptionSpec } from "./option.ts";

const HELP: OptionGroup = {
  title: "Help",
  options: [
    { names: ["-h", "-help"], argument: null, doc: "This text", apply: () => helpText(OPTION_GROUPS) },
    { names: ["-version"], argument: null, doc: "The version", apply: () => `armlet ${VERSION}` },
  ],
};

export const OPTION_GROUPS: readonly OptionGroup[] = [
  MACHINE_OPTIONS,
  BOOT_OPTIONS,
  DRIVE_OPTIONS,
  DEVICE_OPTIONS,
  FILE_OPTIONS,
  NETWORK_OPTIONS,
  CONSOLE_OPTIONS,
  ARMLET_OPTIONS,
  HELP,
];

export const OPTIONS: readonly OptionSpec[] = OPTION_GROUPS.flatMap(({ options }) => options);
