import { expect, test } from "vitest";
import { checkConfig, mergeFragments } from "./config.mjs";

test("a later fragment wins", () => {
  const wanted = mergeFragments([
    "# lean\nCONFIG_NR_CPUS=2\nCONFIG_PCI=n\n",
    'CONFIG_NR_CPUS=8\nCONFIG_LOCALVERSION="-x"\n',
  ]);
  expect([...wanted]).toEqual([
    ["CONFIG_NR_CPUS", "8"],
    ["CONFIG_PCI", "n"],
    ["CONFIG_LOCALVERSION", '"-x"'],
  ]);
});

test("a line that is no setting is refused", () => {
  expect(() => mergeFragments(["NR_CPUS=2\n"])).toThrow("Not a configuration line: NR_CPUS=2");
});

test("what Kconfig dropped or changed is named", () => {
  const wanted = mergeFragments(["CONFIG_A=y\nCONFIG_B=y\nCONFIG_C=n\nCONFIG_D=n\nCONFIG_E=4\n"]);
  const config = "CONFIG_A=y\n# CONFIG_B is not set\nCONFIG_C=m\nCONFIG_E=8\n";
  expect(() => checkConfig(wanted, config)).toThrow(
    "The kernel's configuration is not what was asked for:\n" +
      "CONFIG_B: wanted y, got n\nCONFIG_C: wanted n, got m\nCONFIG_E: wanted 4, got 8",
  );
  checkConfig(wanted, "CONFIG_A=y\nCONFIG_B=y\nCONFIG_E=4\n");
});
