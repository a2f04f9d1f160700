/** A machine that shares one more folder. */
import { parseCommandLine } from "../../src/ts/config/command-line.ts";
import { formatCommandLine } from "../../src/ts/config/format.ts";
import { treeSource } from "../../src/ts/config/machine-config.ts";
import type { GuestProfile } from "../guest-profile.ts";
import type { NextMachine } from "./next-machine.ts";

/** The guest's folder under /mnt is called so: what a folder's name has of letters and digits, at most 31 bytes. */
export function mountTag(name: string, taken: readonly string[]): string {
  const plain = name
    .replaceAll(/[^A-Za-z0-9._-]+/g, "-")
    .replaceAll(/^[.-]+|[.-]+$/g, "")
    .slice(0, 24);
  const base = plain === "" ? "shared" : plain;
  let tag = base;
  for (let number = 2; taken.includes(tag); number += 1) tag = `${base}-${number}`;
  return tag;
}

/** Ids of the folders (`folder:ID`) that a command line shares. */
export function sharedFolders(args: string): string[] {
  return parseCommandLine(args).fsdevs.flatMap(({ path }) => {
    const source = treeSource(path);
    return source.kind === "folder" ? [source.id] : [];
  });
}

/** The same machine, with the folder at /mnt/TAG. Throws a ConfigError where its command line cannot be read. */
export function withFolder(profile: GuestProfile, folder: { readonly id: string; readonly name: string }): NextMachine {
  const config = parseCommandLine(profile.args);
  const path = `folder:${folder.id}`;
  if (config.fsdevs.some((fsdev) => fsdev.path === path)) return { profile, addressable: isAddressable(profile) };
  const tags = config.devices.map(({ properties }) => properties.mount_tag ?? "");
  const tag = mountTag(folder.name, tags);
  const ids = config.fsdevs.map(({ id }) => id);
  let number = 0;
  while (ids.includes(`folder${number}`)) number += 1;
  const id = `folder${number}`;
  const args = formatCommandLine({
    ...config,
    fsdevs: [...config.fsdevs, { id, path, securityModel: "mapped-file", readOnly: false }],
    devices: [...config.devices, { name: "virtio-9p-device", properties: { fsdev: id, mount_tag: tag } }],
  });
  return { profile: { ...profile, args }, addressable: isAddressable(profile) };
}

/** Files of the page are in no address. */
function isAddressable({ files }: GuestProfile): boolean {
  return Object.keys(files ?? {}).length === 0;
}
