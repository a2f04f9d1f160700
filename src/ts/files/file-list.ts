/**
 * A list of files on a server, as JSON: docs/command-line.md, "Sharing folders". Also read: the lists of v86 (fs2json.py, version 3),
 * whose files are beside the list under the names that it gives them.
 */
import * as P from "../../virtio/spec/9p.ts";
import { FilesError } from "./tree-error.ts";

/** What a list says of a file. */
export interface ListedFile {
  readonly path: readonly string[];
  /** S_IF* and permissions. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Seconds since 1970. */
  readonly mtime: number;
  readonly sizeBytes: number;
  /** Of a symbolic link. */
  readonly target: string;
  /** Of a regular file: where it is, relative to the list. */
  readonly url: string;
  /** Of a regular file; null: not checked. */
  readonly sha256: string | null;
}

export const FILE_LIST_FORMAT = "armlet-files";
const VERSION = 1;
const V86_VERSION = 3;
const MAX_FILES = 1 << 18;
const MAX_NAME_CHARS = 255;
const MAX_DEPTH = 256;

function wrong(why: string): FilesError {
  return new FilesError(`The list of files cannot be used: ${why}.`, "Make it anew with npm run file-list.");
}

/** Reads a list. Throws a FilesError that says what is wrong with it. */
export function parseFileList(text: string): ListedFile[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new FilesError("The list of files is no JSON.", "Look at what is at that address.", { cause: error });
  }
  if (!isRecord(value)) throw wrong("it is no object");
  if (Array.isArray(value["fsroot"])) return parseV86(value);
  if (value["format"] !== FILE_LIST_FORMAT) throw wrong(`it has no "format": "${FILE_LIST_FORMAT}"`);
  if (value["version"] !== VERSION) throw wrong(`its version is ${JSON.stringify(value["version"])}, not ${VERSION}`);
  const files = value["files"];
  if (!Array.isArray(files)) throw wrong("it has no list called files");
  if (files.length > MAX_FILES) throw wrong(`it has ${files.length} files, where ${MAX_FILES} are the most`);
  return files.map((file: unknown, index) => parseFile(file, `file ${index}`));
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function parseFile(value: unknown, where: string): ListedFile {
  if (!isRecord(value)) throw wrong(`${where} is no object`);
  const text = value["path"];
  if (typeof text !== "string") throw wrong(`${where} has no path`);
  const path = checkPath(text.split("/"), where);
  const target = optionalText(value, "target", where);
  const type = value["type"] ?? (target === undefined ? "file" : "symlink");
  const mode = permissions(value["mode"], type === "directory" ? 0o755 : 0o644, where);
  const common = {
    path,
    uid: number(value, "uid", where, 0xffff_ffff),
    gid: number(value, "gid", where, 0xffff_ffff),
    mtime: number(value, "mtime", where, Number.MAX_SAFE_INTEGER),
    target: "",
    url: "",
    sha256: null,
  };
  switch (type) {
    case "directory":
      return { ...common, mode: P.S_IFDIR | mode, sizeBytes: 0 };
    case "symlink":
      if (target === undefined || target === "" || target.includes("\0"))
        throw wrong(`${where} (${text}) has no target`);
      return { ...common, mode: P.S_IFLNK | 0o777, target, sizeBytes: target.length };
    case "file": {
      const sha256 = optionalText(value, "sha256", where);
      if (sha256 !== undefined && !/^[0-9a-f]{64}$/.test(sha256))
        throw wrong(`${where} (${text}) has no proper sha256`);
      const url = optionalText(value, "url", where) ?? path.map((name) => encodeURIComponent(name)).join("/");
      const sizeBytes = number(value, "size", where, Number.MAX_SAFE_INTEGER);
      return { ...common, mode: P.S_IFREG | mode, sizeBytes, url, sha256: sha256 ?? null };
    }
    default:
      throw wrong(`${where} (${text}) is of the type ${JSON.stringify(type)}`);
  }
}

function checkPath(names: readonly string[], where: string): readonly string[] {
  const isName = (name: string): boolean =>
    name !== "" && name !== "." && name !== ".." && name.length <= MAX_NAME_CHARS && !/[/\0]/.test(name);
  if (names.length === 0 || names.length > MAX_DEPTH || !names.every(isName)) {
    throw wrong(`${where} has the path ${JSON.stringify(names.join("/"))}`);
  }
  return names;
}

function optionalText(value: Readonly<Record<string, unknown>>, key: string, where: string): string | undefined {
  const found = value[key];
  if (found === undefined || typeof found === "string") return found;
  throw wrong(`${where}: ${key} is no text`);
}

/** A number that is not needed. */
function number(value: Readonly<Record<string, unknown>>, key: string, where: string, max: number): number {
  const found = value[key] ?? 0;
  if (typeof found === "number" && Number.isInteger(found) && found >= 0 && found <= max) return found;
  throw wrong(`${where}: ${key} is ${JSON.stringify(found)}`);
}

/** Octal digits, as chmod takes them. */
function permissions(value: unknown, otherwise: number, where: string): number {
  if (value === undefined) return otherwise;
  if (typeof value === "string" && /^[0-7]{1,5}$/.test(value)) return Number.parseInt(value, 8) & P.S_PERMISSIONS;
  throw wrong(`${where}: mode is ${JSON.stringify(value)}, not octal digits in quotes`);
}

/** [name, size, mtime, mode, uid, gid, children or target or name of the file beside the list] */
function parseV86(value: Readonly<Record<string, unknown>>): ListedFile[] {
  if (value["version"] !== V86_VERSION) throw wrong(`its version is ${JSON.stringify(value["version"])}`);
  const found: ListedFile[] = [];
  const add = (entries: readonly unknown[], folder: readonly string[]): void => {
    for (const entry of entries) {
      if (!Array.isArray(entry)) throw wrong(`an entry of /${folder.join("/")} is no list`);
      const [name, sizeBytes, mtime, mode, uid, gid, rest] = entry as unknown[];
      const where = `the entry ${JSON.stringify(name)} of /${folder.join("/")}`;
      const numbers = [sizeBytes, mtime, mode, uid, gid];
      if (typeof name !== "string" || !numbers.every((item) => Number.isInteger(item) && (item as number) >= 0)) {
        throw wrong(`${where} is no file`);
      }
      if (found.length >= MAX_FILES) throw wrong(`it has more than ${MAX_FILES} files`);
      const path = checkPath([...folder, name], where);
      const kind = (mode as number) & P.S_IFMT;
      const text = typeof rest === "string" ? rest : "";
      found.push({
        path,
        mode: mode as number,
        uid: uid as number,
        gid: gid as number,
        mtime: mtime as number,
        sizeBytes: kind === P.S_IFDIR ? 0 : (sizeBytes as number),
        target: kind === P.S_IFLNK ? text : "",
        url: kind === P.S_IFREG ? encodeURIComponent(text) : "",
        sha256: null,
      });
      if (kind === P.S_IFDIR && Array.isArray(rest)) add(rest, path);
    }
  };
  add(value["fsroot"] as readonly unknown[], []);
  return found;
}
