import { expect, it } from "vitest";
import { parseCommandLine } from "../../src/ts/config/command-line.ts";
import { mountTag, sharedFolders, withFolder } from "./shared-folder.ts";

it("a folder becomes a device with a tag that Linux and a shell like", () => {
  expect(mountTag("My Photos (2024)", [])).toBe("My-Photos-2024");
  expect(mountTag("..", [])).toBe("shared");
  expect(mountTag("写真", ["shared"])).toBe("shared-2");
  expect(mountTag("x".repeat(100), []).length).toBeLessThanOrEqual(31);
});

it("the machine gets the folder once, and keeps all else", () => {
  const profile = { args: "-M virt -kernel Image -device virtio-rng-device", packed: {} };
  const next = withFolder(profile, { id: "0a1b", name: "work" });
  expect(next.addressable).toBe(true);
  const config = parseCommandLine(next.profile.args);
  expect(config.fsdevs).toEqual([
    { id: "folder0", path: "folder:0a1b", securityModel: "mapped-file", readOnly: false },
  ]);
  expect(config.devices.at(-1)).toEqual({
    name: "virtio-9p-device",
    properties: { fsdev: "folder0", mount_tag: "work" },
  });
  expect(sharedFolders(next.profile.args)).toEqual(["0a1b"]);
  expect(withFolder(next.profile, { id: "0a1b", name: "work" }).profile.args).toBe(next.profile.args);
  const both = withFolder(next.profile, { id: "0a1c", name: "work" });
  expect(parseCommandLine(both.profile.args).devices.map(({ properties }) => properties.mount_tag)).toEqual([
    undefined,
    "work",
    "work-2",
  ]);
});
