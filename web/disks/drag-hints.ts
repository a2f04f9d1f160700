import type { DraggedFile } from "./drop-zone.ts";

/** Before the drop a browser tells only the type that the system gives a file: what each may become. */
const HINTS: readonly (readonly [type: RegExp, what: string, becomes: string])[] = [
  [/iso9660|cd-image|efi\.iso/, "A CD image", "becomes a CD"],
  [/qemu|qcow/, "A qcow2 image", "becomes a disk"],
  [/raw-disk|disk-image|apple-diskimage/, "A disk image", "becomes a disk"],
  [/gzip|x-xz|zstd/, "A packed file", "is unpacked and becomes a disk, or a kernel or initial file system"],
  [/cpio/, "A cpio archive", "becomes the initial file system"],
  [/device-tree|dtb/, "A device tree", "becomes the machine's"],
  [/^(image|audio|video|font|text)\//, "Nothing that a machine starts with", "can still be read as a disk's raw bytes"],
  [/zip|tar|7z|rar|pdf|word|officedocument/, "An archive or document", "has to be unpacked by you first"],
];
const UNKNOWN = ["A file", "becomes a disk, CD, kernel, initial file system or device tree, by what is in it"] as const;

/** What is known of dragged files: how many of which kind, and what they will become. */
export interface DragHint {
  readonly what: string;
  readonly becomes: string;
  readonly count: number;
}

export function dragHints(files: readonly DraggedFile[]): DragHint[] {
  const hints = new Map<string, DragHint>();
  for (const { type } of files) {
    const [, what, becomes] = HINTS.find(([pattern]) => pattern.test(type)) ?? [null, ...UNKNOWN];
    hints.set(what, { what, becomes, count: (hints.get(what)?.count ?? 0) + 1 });
  }
  return [...hints.values()];
}
