/** Which file names a link may have: whoever opens it did not write it, and whoever reads it should get no secrets. */
import { keptDiskId, type MachineConfig, treeSource } from "./machine-config.ts";

/** Longer data: addresses make a link that programs cut off. */
export const MAX_DATA_URL_CHARS = 8192;

const CONTROL = /\p{Cc}/u;

/** Names of query parameters that let whoever has the address do what its owner may. */
const SECRET_PARAMETERS =
  /^(?:access[-_]?token|api[-_]?key|auth|auth[-_]?key|code|credential|jwt|key|pass|password|passwd|pwd|secret|session|sid|sig|signature|token|x-(?:amz|goog|ms)-(?:credential|security-token|signature))$/i;

/** `name:password@` in an address inside a text. The limits keep it from being slow where there is none. */
const CREDENTIALS = /(\b[a-z][a-z0-9+.-]{0,30}:\/\/)[^\s/@?#"']{1,512}@/gi;

/** What a file name in a link is good for. */
export type LinkFile =
  /** `origin` is where it is loaded from. */
  | { readonly kind: "loadable"; readonly origin: string }
  | { readonly kind: "kept-disk"; readonly id: string }
  /** `why` is the end of a sentence about the file. */
  | { readonly kind: "refused"; readonly why: string };

/** Looks at a file name as it stands in a command line; names are relative to `base`. */
export function checkLinkFile(name: string, base: URL): LinkFile {
  const id = keptDiskId(name);
  if (id !== null) return { kind: "kept-disk", id };
  const refused = (why: string): LinkFile => ({ kind: "refused", why });
  if (CONTROL.test(name)) return refused("its name has characters that cannot be seen");
  if (!URL.canParse(name, base)) return refused("its name is no address");
  const url = new URL(name, base);
  if (url.username !== "" || url.password !== "") return refused("its address has a name or a password in it");
  switch (url.protocol) {
    case "http:":
    case "https:":
      return { kind: "loadable", origin: url.origin };
    case "data:":
      return name.length <= MAX_DATA_URL_CHARS
        ? { kind: "loadable", origin: base.origin }
        : refused(`it is written into the link itself and too long (more than ${MAX_DATA_URL_CHARS} characters)`);
    case "blob:":
      return refused("it is a file that only one page of one browser has");
    case "file:":
      return refused("it is a file of one computer, which a page cannot load");
    default:
      return refused(`a page does not load files by “${url.protocol}”`);
  }
}

/** The name of a query parameter that is a secret by its looks; null where there is none. */
export function secretParameter(name: string, base: URL): string | null {
  if (!URL.canParse(name, base)) return null;
  return [...new URL(name, base).searchParams.keys()].find((key) => SECRET_PARAMETERS.test(key)) ?? null;
}

/** The text without names and passwords in addresses. */
export function withoutCredentials(text: string): string {
  return text.replace(CREDENTIALS, "$1");
}

/** A file of a machine. */
export type MachineFile =
  | { readonly of: "boot"; readonly what: "kernel" | "initrd" | "dtb"; readonly file: string }
  /** `what` is the id of the drive, or of the file tree whose list it is. */
  | { readonly of: "drive" | "fsdev"; readonly what: string; readonly file: string };

/** The files of a machine, by what they are in its command line. */
export function machineFiles(config: MachineConfig): MachineFile[] {
  const boot = (["kernel", "initrd", "dtb"] as const).map((what) => ({
    of: "boot" as const,
    what,
    file: config[what] ?? "",
  }));
  const drives = config.drives.map(({ id, file }) => ({ of: "drive" as const, what: id, file }));
  const lists = config.fsdevs
    .filter(({ path }) => treeSource(path).kind === "path")
    .map(({ id, path }) => ({ of: "fsdev" as const, what: id, file: path }));
  return [...boot.filter(({ file }) => file !== ""), ...drives, ...lists];
}
