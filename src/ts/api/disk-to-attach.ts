import type { DiskToAttach } from "../protocol/inspection.ts";
import type { AttachDiskOptions } from "./types.ts";

/** What the worker is asked for; `number` tells files of the same name apart. */
export function diskToAttach(options: AttachDiskOptions, number: number): DiskToAttach {
  const { file, media = "disk", id = null, snapshot = false, readOnly = false, base = null } = options;
  const common = { id, media, snapshot, readOnly: readOnly || media === "cdrom" };
  if (!(file instanceof Blob)) return { ...common, file, content: base };
  const name = options.name ?? (file instanceof File ? file.name : "disk");
  return { ...common, file: `attached:${number}/${name}`, content: file };
}
