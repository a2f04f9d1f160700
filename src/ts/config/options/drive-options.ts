/** Disk images. */
import { ConfigError } from "../config-error.ts";
import { addUnique, type Draft, type DraftDrive } from "../draft.ts";
import { DRIVE_FORMATS, keptDiskId } from "../machine-config.ts";
import { type OptionList, parseOptionList } from "../option-list.ts";
import { byKey, checkId, oneOf, parseSha256, parseSwitch } from "../values.ts";
import type { KeySpec, OptionGroup, OptionSpec } from "./option.ts";

const DRIVE_KEYS = [
  {
    key: "if",
    values: "virtio|scsi|none",
    doc: "virtio (without it): a virtio-blk-device comes with it; scsi: a scsi-hd or scsi-cd, and a virtio-scsi-device where there is none; none: a -device names it",
  },
  { key: "id", values: "ID", doc: "what a -device calls it by" },
  {
    key: "index",
    values: "NUMBER",
    doc: "its number among the drives of its interface; the first free one without it",
  },
  { key: "file", values: "FILE", doc: "the disk image; in the page also disk:ID, a disk that the browser keeps" },
  { key: "format", values: DRIVE_FORMATS.join("|"), doc: "the image's format; what its first bytes say without it" },
  { key: "media", values: "disk|cdrom", doc: "cdrom: the guest cannot write" },
  { key: "snapshot", values: "on|off", doc: "what the guest writes is kept in memory and forgotten" },
  { key: "readonly", values: "on|off", doc: "the guest cannot write" },
  { key: "read-only", values: "on|off", doc: "the same" },
  { key: "sha256", values: "HEX", doc: "SHA-256 of the file, 64 digits: another file is refused" },
  { key: "cache", values: "MODE", doc: "accepted for QEMU's sake: a flush of the guest always reaches the disk" },
  { key: "aio", values: "MODE", doc: "accepted for QEMU's sake" },
] as const satisfies readonly KeySpec[];

const KEYS = DRIVE_KEYS.map(({ key }) => key);
const INTERFACES = ["virtio", "scsi", "none"] as const;
/** A SCSI drive's number is its target. */
const MAX_SCSI_INDEX = 255;
/** QEMU's drives have small numbers, too. */
const MAX_INDEX = 999;

/** Adds the drive that `list` describes. `where` is the option, for errors. Throws ConfigError. */
function addDrive(draft: Draft, where: string, list: OptionList): void {
  const given = byKey(where, list, KEYS);
  const kind = oneOf(`${where} if`, given.get("if") ?? "virtio", INTERFACES);
  const file = given.get("file") ?? "";
  if (file === "" || keptDiskId(file) === "") throw new ConfigError(`${where} needs the disk image: file=….`);
  const format = given.get("format");
  const sha256 = given.get("sha256");
  const media = oneOf(`${where} media`, given.get("media") ?? "disk", ["disk", "cdrom"] as const);
  const readOnly = parseSwitch(`${where} readonly`, given.get("readonly") ?? given.get("read-only") ?? "off");
  const unit = unitOf(draft, where, kind, given.get("index"));
  draft.drives = addUnique(where, draft.drives, {
    id: checkId(where, given.get("id") ?? freeDriveId(draft, kind, unit)),
    file,
    format: format === undefined ? null : oneOf(`${where} format`, format, DRIVE_FORMATS),
    sha256: sha256 === undefined ? null : parseSha256(where, sha256),
    media,
    snapshot: parseSwitch(`${where} snapshot`, given.get("snapshot") ?? "off"),
    readOnly: readOnly || media === "cdrom",
    interface: kind,
    unit,
  });
}

function unitOf({ drives }: Draft, where: string, kind: DraftDrive["interface"], index: string | undefined): number {
  const taken = new Set(drives.filter((drive) => drive.interface === kind).map(({ unit }) => unit));
  if (index === undefined) {
    let unit = 0;
    while (taken.has(unit)) unit += 1;
    return unit;
  }
  const unit = Number(index);
  if (!/^\d{1,3}$/.test(index)) {
    throw new ConfigError(`${where} index is a number from 0 to ${MAX_INDEX}, not "${index}".`);
  }
  if (kind === "scsi" && unit > MAX_SCSI_INDEX) {
    throw new ConfigError(`${where} index is a number from 0 to ${MAX_SCSI_INDEX} with if=scsi, not "${index}".`);
  }
  if (taken.has(unit)) {
    throw new ConfigError(`${where}: there is a drive with the number ${unit} already. -hda is 0, -hdb 1, -cdrom 2.`);
  }
  return unit;
}

/** As QEMU names them: virtio0, virtio1, … */
function freeDriveId({ drives }: Draft, kind: string, unit: number): string {
  let number = unit;
  while (drives.some(({ id }) => id === `${kind}${number}`)) number += 1;
  return `${kind}${number}`;
}

const DRIVE: OptionSpec = {
  names: ["-drive"],
  argument: "file=FILE[,property=value…]",
  doc: "A disk image; a comma in a file's name is written twice",
  keys: DRIVE_KEYS,
  apply(draft, value) {
    addDrive(draft, "-drive", parseOptionList(value, null));
    return undefined;
  },
};

/** An option whose value is the name of an image and nothing else, commas included, as in QEMU. */
const imageOption = (name: `-${string}`, doc: string, pairs: OptionList): OptionSpec => ({
  names: [name],
  argument: "FILE",
  doc,
  apply(draft, value) {
    addDrive(draft, name, [["file", value], ...pairs]);
    return undefined;
  },
});

const SNAPSHOT: OptionSpec = {
  names: ["-snapshot"],
  argument: null,
  doc: "snapshot=on for every drive",
  apply(draft) {
    draft.snapshot = true;
    return undefined;
  },
};

export const DRIVE_OPTIONS: OptionGroup = {
  title: "Disks",
  options: [
    DRIVE,
    imageOption("-hda", "-drive file=FILE,index=0", [["index", "0"]]),
    imageOption("-hdb", "-drive file=FILE,index=1", [["index", "1"]]),
    imageOption("-cdrom", "-drive file=FILE,index=2,media=cdrom", [
      ["index", "2"],
      ["media", "cdrom"],
    ]),
    SNAPSHOT,
  ],
};
