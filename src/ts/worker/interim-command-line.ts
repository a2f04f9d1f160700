import { DEFAULT_CONFIG, type MachineConfig } from "../config/machine-config.ts";

/**
 * The few options that the default guest needs, until src/ts/config reads command lines. Knows nothing of errors.
 */
export function readInterimCommandLine(args: string): MachineConfig {
  const words = [...args.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? "");
  const valuesOf = (option: string): string[] =>
    words.flatMap((word, index) => (word === option ? [words[index + 1] ?? ""] : []));
  const valueOf = (option: string): string | null => valuesOf(option)[0] ?? null;
  const pairs = (list: readonly string[]): Record<string, string> =>
    Object.fromEntries(list.map((pair) => pair.split("=") as [string, string]));
  return {
    ...DEFAULT_CONFIG,
    gicVersion: args.includes("gic-version=3") ? 3 : 2,
    ramSizeBytes: Number(valueOf("-m") ?? 256) * 1024 * 1024,
    kernel: valueOf("-kernel"),
    initrd: valueOf("-initrd"),
    append: valueOf("-append"),
    dtb: valueOf("-dtb"),
    noReboot: words.includes("-no-reboot"),
    devices: valuesOf("-device").map((device) => {
      const [name = "", ...properties] = device.split(",");
      return { name, properties: pairs(properties) };
    }),
    drives: valuesOf("-drive").map((drive) => {
      const { id = "", file = "", snapshot, readonly } = pairs(drive.split(","));
      return { id, file, format: "raw", snapshot: snapshot === "on", readOnly: readonly === "on" };
    }),
  };
}
