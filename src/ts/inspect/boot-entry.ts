/** Entries of the Boot Loader Specification, type 1: they tell of a system whose own files cannot be read here. */
import { type FileSystem, readText } from "./file-system.ts";
import { compareVersions } from "./kernel-files.ts";
import { orNull, printable } from "./text.ts";

const FOLDERS = ["/loader/entries", "/boot/loader/entries"];
const MAX_BYTES = 16 * 1024;

export interface BootEntry {
  /** "Fedora Linux (6.5.6-300.fc39.aarch64) 39 (Cloud Edition)" */
  readonly title: string;
  /** What the root needs to be mounted, such as "rootflags=subvol=root"; empty where nothing. */
  readonly rootFlags: string;
}

/** The newest entry; null where there is none. */
export async function bootEntry(files: FileSystem): Promise<BootEntry | null> {
  for (const folder of FOLDERS) {
    const names = ((await files.list(folder)) ?? []).map(({ name }) => name).filter((name) => name.endsWith(".conf"));
    const newest = names
      .filter((name) => !name.includes("rescue"))
      .sort(compareVersions)
      .at(-1);
    const text = newest === undefined ? null : await readText(files, `${folder}/${newest}`, MAX_BYTES);
    if (text === null) continue;
    const title = orNull(printable(/^title\s+(.*)$/m.exec(text)?.[1] ?? ""));
    const options = /^options\s+(.*)$/m.exec(text)?.[1]?.split(/\s+/) ?? [];
    const flags = options.filter((word) => /^root(?:flags|fstype)=[\w=,.:/-]+$/.test(word));
    if (title !== null) return { title, rootFlags: flags.join(" ") };
  }
  return null;
}
