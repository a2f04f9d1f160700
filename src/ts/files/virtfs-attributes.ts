/**
 * What a host's folder cannot keep of a file: its owner, permissions, kind and device number. Kept beside the files, in the
 * format of QEMU's security_model=mapped-file, which reads it as well: in each folder a folder `.virtfs_metadata` with a file of the
 * same name for each file, of lines "virtfs.mode=33188"; for the root itself a file `.virtfs_metadata_root`. A symbolic link is a file
 * with its target, a device an empty one.
 */

export const METADATA_FOLDER = ".virtfs_metadata";
export const METADATA_ROOT = ".virtfs_metadata_root";

/** Only what was given; the rest is as the host's file has it. */
export interface VirtfsAttributes {
  readonly uid?: number;
  readonly gid?: number;
  /** S_IF* and permissions. */
  readonly mode?: number;
  readonly rdev?: number;
}

const KEYS = ["uid", "gid", "mode", "rdev"] as const;

/** Longest file of attributes that is read. */
export const MAX_METADATA_BYTES = 4096;

/** Whether the guest must not see a name, nor make one like it. */
export function isMetadataName(name: string): boolean {
  return name === METADATA_FOLDER || name === METADATA_ROOT;
}

/** Reads a file of attributes; lines that are none are skipped, as QEMU does. */
export function parseAttributes(text: string): VirtfsAttributes {
  const found: { -readonly [Key in keyof VirtfsAttributes]: VirtfsAttributes[Key] } = {};
  for (const [, key, value] of text.matchAll(/^virtfs\.(\w+)=(-?\d+)$/gm)) {
    const known = KEYS.find((name) => name === key);
    // QEMU prints them signed.
    if (known !== undefined) found[known] = Number(value) >>> 0;
  }
  return found;
}

/** The file for some attributes. */
export function formatAttributes(attributes: VirtfsAttributes): string {
  return KEYS.map((key) => {
    const value = attributes[key];
    return value === undefined ? "" : `virtfs.${key}=${value | 0}\n`;
  }).join("");
}
