import type { BootFiles, DiskLibrary } from "../../src/ts/api/disk-types.ts";
import { FailureError } from "../../src/ts/api/index.ts";

/** `disk:ID/kernel` and `disk:ID/initrd`: what the system on a kept disk boots with. */
const BOOT_FILE = /disk:([A-Za-z0-9-]+)\/(kernel|initrd)\b/g;

/** Whether a command line names something that only this browser has. */
export function namesKeptDisks(args: string): boolean {
  return args.includes("disk:");
}

/**
 * What the names in a command line stand for that only this browser knows: files under kept disks that were not copied,
 * kernels that are on kept disks. Rejects with a FailureError.
 */
export async function localFiles(args: string, library: DiskLibrary): Promise<Record<string, Blob>> {
  const files: Record<string, Blob> = { ...library.files };
  const found = new Map<string, BootFiles>();
  for (const [name, id = "", part] of args.matchAll(BOOT_FILE)) {
    const boot = found.get(id) ?? (await bootFiles(id, library));
    found.set(id, boot);
    const content = part === "kernel" ? boot.kernel : boot.initrd;
    if (content === null) throw missing(id, "initial file system");
    files[name] = content;
  }
  return files;
}

async function bootFiles(id: string, library: DiskLibrary): Promise<BootFiles> {
  const boot = await library.bootFiles(id);
  if (boot === null) throw missing(id, "kernel");
  return boot;
}

function missing(id: string, what: string): FailureError {
  return new FailureError({
    code: "not-found",
    message: `No ${what} can be found on the disk ${id}.`,
    advice: "Start another machine with this disk, and look what is on it.",
    url: null,
  });
}
