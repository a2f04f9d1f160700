/** The console, what there is no display for, and messages. */
import { ConfigError } from "../config-error.ts";
import { LOG_CLASSES, type LogClass } from "../machine-config.ts";
import { oneOf } from "../values.ts";
import { MON, MONITOR } from "./character-options.ts";
import { listText, type OptionGroup, type OptionSpec } from "./option.ts";

const SERIAL: OptionSpec = {
  names: ["-serial"],
  argument: "stdio|mon:stdio|none|null|chardev:ID",
  doc: "What the serial port is connected to; the terminal without it",
  apply({ serials }, value) {
    serials.push(value);
    return undefined;
  },
};

const NO_GRAPHIC: OptionSpec = {
  names: ["-nographic"],
  argument: null,
  doc: "No display, which is so anyway; firmware and guests are told",
  apply({ config }) {
    config.nographic = true;
    return undefined;
  },
};

/** Things that QEMU has and this machine has not: "none" of them is no error. */
const absent = (name: `-${string}`, what: string): OptionSpec => ({
  names: [name],
  argument: "none",
  doc: `There is no ${what}; other values are errors`,
  apply(_, value) {
    if (value === "none") return undefined;
    throw new ConfigError(`${name} cannot be "${value}": there is no ${what} here. Leave it out, or use ${name} none.`);
  },
});

const LOG_DOCS: Readonly<Record<LogClass, string>> = {
  guest_errors: "what the guest does that the architecture or a device's specification forbids",
  unimp: "what the guest asks for that does not exist here",
  cpu_reset: "the processor's registers when the guest resets the machine",
  jit: "the guest's code beside the WebAssembly that is made of it, for each region that is compiled",
  lockstep: "the interpreter repeats all that compiled code does; a difference ends the machine with a report",
};

const LOG: OptionSpec = {
  names: ["-d"],
  argument: "CLASS[,CLASS…]",
  doc: "Messages to show, on standard error; -d help lists the classes",
  apply({ config }, value) {
    if (value === "help" || value === "?") {
      return listText(
        "Classes of messages:",
        LOG_CLASSES.map((name) => [name, LOG_DOCS[name]] as const),
      );
    }
    const classes = value.split(",").map((name) => oneOf("-d", name, LOG_CLASSES));
    config.log = LOG_CLASSES.filter((name) => classes.includes(name) || config.log.includes(name));
    return undefined;
  },
};

export const CONSOLE_OPTIONS: OptionGroup = {
  title: "Console and messages",
  options: [
    SERIAL,
    NO_GRAPHIC,
    absent("-display", "display"),
    absent("-vga", "graphics card"),
    MONITOR,
    MON,
    absent("-parallel", "parallel port"),
    LOG,
  ],
};
