/** Names and properties against those that qemu-system-aarch64 7.2 prints itself. */
import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { CHILDREN, DEVICES, deviceNames, deviceProperties } from "./registry.ts";

function qemuHelp(device: string): string {
  const { stdout } = spawnSync("qemu-system-aarch64", ["-M", "virt", "-device", device], { encoding: "utf8" });
  return stdout;
}

/** The properties of QEMU's device that can be set: not its parts, and not what it tells. */
function qemuProperties(name: string): string[] {
  return [...qemuHelp(`${name},help`).matchAll(/^ {2}(\S+?)=(.*)$/gm)]
    .filter(([, , type = ""]) => !/^<(child<|guest statistics)/.test(type))
    .map(([, property = ""]) => property);
}

const names = [
  ...DEVICES.flatMap(({ name }) =>
    ["-device", "-pci", "-pci-transitional", "-pci-non-transitional"].map((end) => name + end),
  ),
  ...CHILDREN.map(({ name }) => name).filter((name) => name.startsWith("virt")),
];

describe("QEMU 7.2", () => {
  it("has all names of devices here, aliases included", () => {
    const help = qemuHelp("help");
    const theirs = [...help.matchAll(/name "([^"]+)"(?:.*alias "([^"]+)")?/g)].flatMap(([, name, alias]) => [
      name,
      alias,
    ]);
    const foreign = /-(ccw|s390)$/;
    expect(deviceNames().filter((name) => !foreign.test(name) && !theirs.includes(name))).toEqual([]);
  });

  it.each(names)("%s: every property of QEMU's is known here", (name) => {
    const theirs = qemuProperties(name);
    expect(theirs.length).toBeGreaterThan(2);
    const ours = deviceProperties(name, { defaultTransport: "mmio" }) ?? {};
    expect(theirs.filter((property) => !Object.hasOwn(ours, property))).toEqual([]);
  });
});
