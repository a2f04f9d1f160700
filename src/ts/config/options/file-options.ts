/** Folders that the guest shares. */
import { ConfigError } from "../config-error.ts";
import { addUnique } from "../draft.ts";
import { type FsdevConfig, SECURITY_MODELS } from "../machine-config.ts";
import { parseOptionList } from "../option-list.ts";
import { byKey, checkId, oneOf, parseSwitch } from "../values.ts";
import { type KeySpec, listText, type OptionGroup, type OptionSpec } from "./option.ts";

const DRIVERS = [["local", "a folder, or what else path= names"]] as const;

const FSDEV_KEYS = [
  { key: "id", values: "ID", doc: "what a -device virtio-9p-device calls it by, with fsdev=" },
  {
    key: "path",
    values: "PATH",
    doc: "a folder of this computer (in Node); memory:, opfs:NAME, folder:ID or the address of a list of files",
  },
  {
    key: "security_model",
    values: SECURITY_MODELS.join("|"),
    doc: "whether owners, permissions and kinds of files are the folder's own or kept beside it; none without it",
  },
  { key: "readonly", values: "on|off", doc: "the guest cannot write" },
  { key: "writeout", values: "immediate", doc: "accepted for QEMU's sake: what is written is in the folder at once" },
  {
    key: "multidevs",
    values: "remap|forbid|warn",
    doc: "accepted for QEMU's sake: file numbers are always kept apart",
  },
] as const satisfies readonly KeySpec[];

type FsdevKey = (typeof FSDEV_KEYS)[number]["key"];

const MOUNT_TAG: KeySpec = { key: "mount_tag", values: "TEXT", doc: "what the guest mounts it by" };
const VIRTFS_KEYS: readonly KeySpec[] = [
  MOUNT_TAG,
  ...FSDEV_KEYS.map((spec) => (spec.key === "id" ? { ...spec, doc: "its name; the mount tag without it" } : spec)),
];

const ALL_KEYS = ["fsdriver", "mount_tag", ...FSDEV_KEYS.map(({ key }) => key)] as const;

/** QEMU has all three words. */
const MAPPED = { mapped: "mapped-xattr" } as const;

function fsdev(where: string, id: string, given: ReadonlyMap<string, string>): FsdevConfig {
  const path = given.get("path" satisfies FsdevKey) ?? "";
  if (path === "") throw new ConfigError(`${where} needs the folder: path=….`);
  const model = given.get("security_model" satisfies FsdevKey) ?? "none";
  const writeout = given.get("writeout" satisfies FsdevKey);
  if (writeout !== undefined) oneOf(`${where} writeout`, writeout, ["immediate"]);
  const multidevs = given.get("multidevs" satisfies FsdevKey);
  if (multidevs !== undefined) oneOf(`${where} multidevs`, multidevs, ["remap", "forbid", "warn"]);
  return {
    id: checkId(where, id),
    path,
    securityModel: oneOf(`${where} security_model`, model === "mapped" ? MAPPED.mapped : model, SECURITY_MODELS),
    readOnly: parseSwitch(`${where} readonly`, given.get("readonly" satisfies FsdevKey) ?? "off"),
  };
}

const FSDEV: OptionSpec = {
  names: ["-fsdev"],
  argument: "local,id=ID,path=PATH[,property=value…]",
  doc: "Files for the fsdev= of a -device virtio-9p-device",
  keys: FSDEV_KEYS,
  apply({ config }, value) {
    const given = byKey("-fsdev", parseOptionList(value, "fsdriver"), ALL_KEYS);
    const driver = given.get("fsdriver") ?? "";
    if (driver === "help" || driver === "?") return listText("Drivers of files:", DRIVERS);
    oneOf("-fsdev", driver, ["local"]);
    if (given.has("mount_tag")) {
      throw new ConfigError("-fsdev has no mount_tag: it is a property of the -device virtio-9p-device.");
    }
    config.fsdevs = addUnique("-fsdev", config.fsdevs, fsdev("-fsdev", given.get("id") ?? "", given));
    return undefined;
  },
};

const VIRTFS: OptionSpec = {
  names: ["-virtfs"],
  argument: "local,path=PATH,mount_tag=TEXT[,property=value…]",
  doc: "The same, and a virtio-9p-device for it",
  keys: VIRTFS_KEYS,
  apply({ config }, value) {
    const given = byKey("-virtfs", parseOptionList(value, "fsdriver"), ALL_KEYS);
    const driver = given.get("fsdriver") ?? "";
    if (driver === "help" || driver === "?") return listText("Drivers of files:", DRIVERS);
    oneOf("-virtfs", driver, ["local"]);
    const tag = given.get("mount_tag") ?? "";
    if (tag === "") throw new ConfigError("-virtfs needs what the guest mounts the files by: mount_tag=….");
    // QEMU takes the tag as it is; a name may not have everything that a tag may.
    const id = given.get("id") ?? (/^[A-Za-z]/.test(tag) ? tag : `fs${tag}`).replaceAll(/[^A-Za-z0-9._-]/g, "_");
    config.fsdevs = addUnique("-virtfs", config.fsdevs, fsdev("-virtfs", id, given));
    const device = { name: "virtio-9p-device", properties: { fsdev: id, mount_tag: tag } };
    config.devices = [...config.devices, device];
    return undefined;
  },
};

export const FILE_OPTIONS: OptionGroup = { title: "Shared folders", options: [FSDEV, VIRTFS] };
