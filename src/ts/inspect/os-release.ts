/** What a system says that it is: os-release(5). */
import { type FileSystem, readText } from "./file-system.ts";
import { orNull, printable } from "./text.ts";

const PATHS = ["/etc/os-release", "/usr/lib/os-release"];
const MAX_BYTES = 64 * 1024;

/** The system's name for people, "Debian GNU/Linux 12 (bookworm)"; null where the file system has none. */
export async function systemTitle(files: FileSystem): Promise<string | null> {
  for (const path of PATHS) {
    const text = await readText(files, path, MAX_BYTES);
    if (text === null) continue;
    const value = assignments(text);
    const name = [value.get("NAME"), value.get("VERSION")].filter((part) => part !== undefined).join(" ");
    return orNull(printable(value.get("PRETTY_NAME") ?? name)) ?? "Linux";
  }
  return (await looksLikeRoot(files)) ? "Linux" : null;
}

/** What the disc of an installer says that it is, as Debian, Ubuntu and Alpine write it; null where it says nothing. */
export async function discTitle(files: FileSystem): Promise<string | null> {
  for (const path of ["/.disk/info", "/.alpine-release"]) {
    const text = await readText(files, path, MAX_BYTES);
    const title = orNull(printable(text?.split("\n", 1)[0] ?? ""));
    if (title !== null) return title;
  }
  return await systemTitle(files);
}

/** Small systems (busybox alone) have no os-release: they are known by their folders. */
async function looksLikeRoot(files: FileSystem): Promise<boolean> {
  const names = new Set((await files.list("/"))?.map(({ name }) => name));
  if (!names.has("etc") || !(names.has("bin") || names.has("usr"))) return false;
  for (const path of ["/sbin/init", "/bin/sh", "/bin/busybox", "/init", "/usr/lib/systemd/systemd"]) {
    if ((await files.open(path)) !== null) return true;
  }
  return false;
}

/** Assignments as a shell would read them: one a line, the value perhaps in quotes. */
function assignments(text: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const line of text.split("\n")) {
    const match = /^([A-Z][A-Z0-9_]*)=(.*)$/.exec(line.trim());
    if (match?.[1] === undefined || match[2] === undefined) continue;
    const quoted = /^(["'])(.*)\1$/.exec(match[2]);
    const value = quoted?.[2] ?? match[2];
    found.set(match[1], quoted?.[1] === "'" ? value : value.replace(/\\(.)/g, "$1"));
  }
  return found;
}
