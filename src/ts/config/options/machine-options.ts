/** What the machine is: board, processor, memory. */
import { ConfigError } from "../config-error.ts";
import { parseOptionList } from "../option-list.ts";
import { byKey, oneOf, parseMemorySize, parseSwitch, suggestion } from "../values.ts";
import { ACCELERATORS, type Accelerator, DEFAULT_CONFIG, type MachineConfig } from "../machine-config.ts";
import { MACHINE_VERSIONS } from "../version.ts";
import { type KeySpec, listText, type OptionGroup, type OptionSpec } from "./option.ts";

const GIC_VERSIONS: Readonly<Record<string, MachineConfig["gicVersion"]>> = { "2": 2, "3": 3, max: 3 };

/** What QEMU's machine could have and this one has not: saying so is no error. */
const ABSENT = ["virtualization", "secure", "mte", "acpi"] as const;

const MACHINE_KEYS = [
  { key: "gic-version", values: "2|3|max", doc: "version of the interrupt controller; 2 without it" },
  { key: "its", values: "on|off", doc: "a GICv3 translates PCI's messages (ITS); on without it" },
  { key: "highmem", values: "on|off", doc: "PCI has addresses above 4 GiB; on without it" },
  { key: "armlet", values: MACHINE_VERSIONS.join("|"), doc: "keep the guest-visible defaults of that version" },
  { key: "accel", values: "tcg|interp", doc: "as -accel" },
  ...ABSENT.map((key) => ({ key, values: "off", doc: "this machine has none" })),
] as const satisfies readonly KeySpec[];

const TOPOLOGY_KEYS = ["cpus", "sockets", "clusters", "cores", "threads", "maxcpus"] as const;

function acceleratorOf(where: string, value: string): Accelerator {
  // QEMU takes a list in the order of preference.
  const known = value.split(":").find((name) => ACCELERATORS.some((accelerator) => accelerator === name));
  if (known === undefined) {
    throw new ConfigError(
      `${where} cannot be "${value}": the processor is emulated here, which is "tcg", or "interp" without the compiler.`,
    );
  }
  return oneOf(where, known, ACCELERATORS);
}

const MACHINE: OptionSpec = {
  names: ["-M", "-machine"],
  argument: "virt[,property=value…]",
  doc: "The board: QEMU's virt",
  keys: MACHINE_KEYS,
  apply({ config }, value) {
    if (value === "help" || value === "?") return listText("Machines:", [["virt", "QEMU's ARM virtual machine"]]);
    const keys = ["type", ...MACHINE_KEYS.map(({ key }) => key)] as const;
    const given = byKey("-M virt", parseOptionList(value, "type"), keys);
    const type = given.get("type");
    if (type !== undefined) oneOf("-M", type, ["virt"]);
    for (const key of ABSENT) {
      const wanted = given.get(key);
      if (wanted !== undefined) oneOf(`-M virt,${key}`, wanted, ["off"]);
    }
    const accelerator = given.get("accel");
    if (accelerator !== undefined) config.accelerator = acceleratorOf("-M virt,accel", accelerator);
    const gic = given.get("gic-version");
    if (gic !== undefined) {
      const known = oneOf("-M virt,gic-version", gic, Object.keys(GIC_VERSIONS));
      config.gicVersion = GIC_VERSIONS[known] ?? DEFAULT_CONFIG.gicVersion;
    }
    for (const key of ["its", "highmem"] as const) {
      const wanted = given.get(key);
      if (wanted !== undefined) config[key] = parseSwitch(`-M virt,${key}`, wanted);
    }
    const version = given.get("armlet");
    if (version !== undefined) config.armletVersion = oneOf("-M virt,armlet", version, MACHINE_VERSIONS);
    return undefined;
  },
};

const CPU: OptionSpec = {
  names: ["-cpu"],
  argument: "cortex-a57",
  doc: "The processor",
  apply({ config }, value) {
    if (value === "help" || value === "?") return listText("Processors:", [["cortex-a57", "ARMv8-A, AArch64"]]);
    const [model = "", ...features] = value.split(",");
    config.cpu = oneOf("-cpu", model, ["cortex-a57"]);
    if (features.length > 0) throw new ConfigError(`-cpu cortex-a57 has no properties here ("${features.join(",")}").`);
    return undefined;
  },
};

const MEMORY: OptionSpec = {
  names: ["-m"],
  argument: "[size=]SIZE",
  doc: `Memory in MiB, or with a suffix K, M or G; ${DEFAULT_CONFIG.ramSizeBytes / 2 ** 20} without it`,
  apply({ config }, value) {
    const size = byKey("-m", parseOptionList(value, "size"), ["size"]).get("size");
    if (size === undefined) throw new ConfigError("-m needs a size, such as -m 256.");
    config.ramSizeBytes = parseMemorySize(size) ?? DEFAULT_CONFIG.ramSizeBytes;
    return undefined;
  },
};

const SMP: OptionSpec = {
  names: ["-smp"],
  argument: "[cpus=]1",
  doc: "The number of processors: one for now",
  apply(_, value) {
    for (const [key, count] of byKey("-smp", parseOptionList(value, "cpus"), TOPOLOGY_KEYS)) {
      if (!/^\d+$/.test(count) || Number(count) === 0) {
        throw new ConfigError(`-smp: ${key} is a number from 1, not "${count}".`);
      }
      if (Number(count) !== 1) throw new ConfigError(`-smp ${value}: the machine has one CPU for now. Use -smp 1.`);
    }
    return undefined;
  },
};

const ACCELERATOR: OptionSpec = {
  names: ["-accel"],
  argument: "tcg|interp",
  doc: "tcg: hot code of the guest is compiled to WebAssembly; interp: all of it is interpreted",
  apply({ config }, value) {
    config.accelerator = acceleratorOf("-accel", value.split(",")[0] ?? "");
    return undefined;
  },
};

const NAME: OptionSpec = {
  names: ["-name"],
  argument: "TEXT",
  doc: "Accepted for QEMU's sake, without effect",
  apply: () => undefined,
};

const RTC: OptionSpec = {
  names: ["-rtc"],
  argument: "base=utc[,clock=host]",
  doc: "The real-time clock tells the host's time in UTC; nothing else can be asked for",
  apply(_, value) {
    const given = byKey("-rtc", parseOptionList(value, null), ["base", "clock", "driftfix"]);
    const base = given.get("base");
    if (base !== undefined) oneOf("-rtc base", base, ["utc"]);
    const clock = given.get("clock");
    if (clock !== undefined) oneOf("-rtc clock", clock, ["host"]);
    const fix = given.get("driftfix");
    if (fix !== undefined) oneOf("-rtc driftfix", fix, ["none"]);
    return undefined;
  },
};

const NO_DEFAULTS: OptionSpec = {
  names: ["-nodefaults"],
  argument: null,
  doc: "Only what the command line names: no serial console without -serial, no devices of the default guest",
  apply({ config }) {
    config.noDefaults = true;
    return undefined;
  },
};

const NO_USER_CONFIG: OptionSpec = {
  names: ["-no-user-config"],
  argument: null,
  doc: "Accepted for QEMU's sake: there are no configuration files",
  apply: () => undefined,
};

export const MACHINE_OPTIONS: OptionGroup = {
  title: "Machine",
  options: [MACHINE, CPU, MEMORY, SMP, ACCELERATOR, NAME, RTC, NO_DEFAULTS, NO_USER_CONFIG],
};

/** For errors about words that are no options. */
export const unknownOption = (name: string, known: readonly string[]): ConfigError =>
  new ConfigError(`There is no option ${name}.${suggestion(name, known)}`);
