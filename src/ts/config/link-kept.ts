/** What this browser keeps and a stranger's machine does not get: it could read it, or destroy it. */
import { shown } from "./link-query.ts";
import type { Warnings } from "./link-values.ts";
import { type DriveConfig, keptDiskId, type MachineConfig, treeSource } from "./machine-config.ts";

const BOOT_FILES = ["kernel", "initrd", "dtb"] as const;

/** Whether two machines run the same programs at first: those decide what happens to their disks. */
export function bootsAlike(one: MachineConfig, other: MachineConfig): boolean {
  return [...BOOT_FILES, "append" as const].every((key) => one[key] === other[key]);
}

/**
 * The addresses of images on servers that a machine writes to, which is kept in the browser (`-drive file=URL`); names are relative
 * to `page`.
 */
export function writableImages(config: MachineConfig, page: URL): string[] {
  return config.drives.map((drive) => writableImage(drive, page)).filter((url) => url !== null);
}

function writableImage({ file, snapshot, readOnly }: DriveConfig, page: URL): string | null {
  if (snapshot || readOnly || keptDiskId(file) !== null || !URL.canParse(file, page)) return null;
  const { href, protocol } = new URL(file, page);
  return protocol === "http:" || protocol === "https:" ? href : null;
}

/** A machine and what it did not get. */
export interface WithoutKept {
  readonly config: MachineConfig;
  readonly keptDisks: readonly string[];
}

/** The machine without disks of this browser, and without what it keeps over the images that `isWritten` says. */
export function withoutKept(
  config: MachineConfig,
  isWritten: (url: string) => boolean,
  page: URL,
  warnings: Warnings,
): WithoutKept {
  const keptDisks: string[] = [];
  let rest = config;
  for (const key of BOOT_FILES) {
    const file = config[key];
    const id = file === null ? null : keptDiskId(file);
    if (id === null) continue;
    keptDisks.push(id);
    warnings.add(`The link takes its ${key} from a disk that a browser keeps: links do not reach those.`);
    rest = { ...rest, [key]: null, [`${key}Sha256`]: null };
  }
  const left = new Set<string>();
  const leftTrees = new Set<string>();
  const drives = config.drives.map((drive) => {
    const id = keptDiskId(drive.file);
    if (id !== null) {
      keptDisks.push(id);
      left.add(drive.id);
      warnings.add(
        `The link names a disk that a browser keeps (“${drive.id}”): links do not reach those, so the machine starts without it.`,
      );
      return drive;
    }
    const url = writableImage(drive, page);
    if (url === null || !isWritten(url)) return drive;
    keptDisks.push(url);
    warnings.add(
      `This browser keeps what was written to the image ${shown(drive.file)}. The link's machine does not get at that: it has the image as it was, and what it writes is forgotten.`,
    );
    return { ...drive, snapshot: true };
  });
  const fsdevs = config.fsdevs.filter(({ id, path }) => {
    const { kind } = treeSource(path);
    if (kind === "memory" || kind === "path") return true;
    keptDisks.push(path);
    leftTrees.add(id);
    warnings.add(
      `The link names a folder that a browser keeps (“${id}”): links do not reach those, so the machine starts without it.`,
    );
    return false;
  });
  return {
    config: {
      ...rest,
      fsdevs,
      drives: drives.filter(({ id }) => !left.has(id)),
      devices: config.devices.filter(
        ({ properties }) => !left.has(properties.drive ?? "") && !leftTrees.has(properties.fsdev ?? ""),
      ),
    },
    keptDisks,
  };
}
