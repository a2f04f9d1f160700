import type { DiskInfo, DiskLibrary, DiskProgress, FileFindings, FileRole } from "../../src/ts/api/disk-types.ts";
import type { Failure } from "../../src/ts/api/index.ts";
import { type Disposable, Emitter } from "../../src/ts/lib/emitter.ts";
import { shownFailure } from "./disk-store.ts";
import type { Dropped } from "./drop-zone.ts";
import type { NextParts } from "./next-machine.ts";

/** What an added file is used as; `none`: it is left out. */
export type ArrivalRole = Exclude<FileRole, "state"> | "none";

/** A file that came, or a disk of the browser that is to be in the next machine. */
export interface Arrival {
  readonly key: number;
  /** null for a disk of the browser. */
  readonly file: File | null;
  readonly phase: "looking" | "ready" | "importing" | "failed";
  /** What is in it, as soon as that is known. */
  readonly findings: FileFindings | null;
  readonly role: ArrivalRole;
  /** What the disk is to be called. */
  readonly name: string;
  /** Copied into the browser, or read where it is. */
  readonly copy: boolean;
  /** For a file that holds only changes: the one that they were made to. */
  readonly base: File | null;
  /** The disk that was made of it. */
  readonly disk: DiskInfo | null;
  readonly progress: DiskProgress | null;
  readonly failure: Failure | null;
}

/** Containers that cannot be read at random: what is in them has to be unpacked. */
const PACKED: readonly string[] = ["gzip", "xz", "zstd"];

/** Above this share of what is free a file is not copied unless that is asked for. */
const COPIED_SHARE = 1 / 4;

/** Files on their way into the next machine. */
export class Arrivals {
  readonly #library: DiskLibrary;
  readonly #emitter = new Emitter<{ change: undefined }>();
  readonly #imports = new Map<number, AbortController>();
  #list: readonly Arrival[] = [];
  #nextKey = 1;

  constructor(library: DiskLibrary) {
    this.#library = library;
  }

  /** In the order in which they came. */
  get list(): readonly Arrival[] {
    return this.#list;
  }

  /** Something is still being found out or copied. */
  get isBusy(): boolean {
    return this.#list.some(({ phase }) => phase === "looking" || phase === "importing");
  }

  /** Calls `listener` after any change. */
  onChange(listener: () => void): Disposable {
    return this.#emitter.on("change", listener);
  }

  /** Takes in what was dropped or chosen, and finds out what it is. */
  async add({ files, folders }: Dropped): Promise<void> {
    for (const name of folders) this.#append({ file: null, name, phase: "failed", failure: folderFailure(name) });
    await Promise.all(files.map((file) => this.#addFile(file)));
  }

  /** A disk of the browser, to be in the next machine. */
  async addDisk(disk: DiskInfo): Promise<void> {
    if (this.#list.some((arrival) => arrival.disk?.id === disk.id)) return;
    const key = this.#append({ file: null, name: disk.name, disk, role: "disk", phase: "looking" });
    await this.#look(key, async () => {
      const findings = await this.#library.inspectDisk(disk.id);
      if (findings.role === "cdrom") this.#update(key, { role: "cdrom" });
      return findings;
    });
  }

  /** Changes what the user may choose. */
  choose(key: number, change: Partial<Pick<Arrival, "role" | "name" | "copy" | "base">>): void {
    this.#update(key, change);
  }

  /** Takes one out; an import of it ends. */
  remove(key: number): void {
    this.#imports.get(key)?.abort();
    this.#list = this.#list.filter((arrival) => arrival.key !== key);
    this.#changed();
  }

  /** Stops copying one; it can be begun anew. */
  cancelImport(key: number): void {
    this.#imports.get(key)?.abort();
  }

  clear(): void {
    for (const { key } of this.#list) this.remove(key);
  }

  /** Makes disks of all files that are to become some. Returns whether all of them were made. */
  async importAll(): Promise<boolean> {
    const waiting = this.#list.filter((arrival) => becomesDisk(arrival) && arrival.disk === null);
    // One after the other: each has the browser's storage to itself, and names come in their order.
    for (const { key } of waiting) await this.#import(key);
    return this.#list.every((arrival) => !becomesDisk(arrival) || arrival.disk !== null);
  }

  async #addFile(file: File): Promise<void> {
    const key = this.#append({ file, name: stem(file.name), phase: "looking" });
    if (file.size === 0) {
      this.#update(key, { phase: "failed", failure: emptyFailure(file.name) });
      return;
    }
    await this.#look(key, async () => {
      const [findings, copy] = await Promise.all([this.#library.inspect(file), this.#copiesByDefault(file)]);
      const { role } = findings;
      if (role === "state") throw new UnusableFile(stateFailure(file.name));
      this.#update(key, { role: role ?? "none", copy: copy || mustCopy(findings) });
      return findings;
    });
    this.#pair();
  }

  /** A file that changes were made to goes with them where both came. */
  #pair(): void {
    for (const { key, findings, base } of this.#list) {
      const wanted = base === null && findings !== null ? baseName(findings) : null;
      const found = this.#list.find((other) => wanted !== null && other.key !== key && isNamed(other, wanted));
      if (found === undefined || found.file === null) continue;
      this.#update(key, { base: found.file });
      this.remove(found.key);
    }
  }

  async #look(key: number, inspect: () => Promise<FileFindings>): Promise<void> {
    try {
      this.#update(key, { findings: await inspect(), phase: "ready" });
    } catch (error) {
      const failure = error instanceof UnusableFile ? error.failure : shownFailure(error);
      // A disk that was there before can be used whatever is on it.
      const known = this.#find(key)?.disk ?? null;
      this.#update(key, { phase: known === null ? "failed" : "ready", failure });
    }
  }

  async #copiesByDefault(file: File): Promise<boolean> {
    try {
      const { usageBytes, quotaBytes } = await this.#library.estimate();
      return file.size <= Math.max(0, quotaBytes - usageBytes) * COPIED_SHARE;
    } catch (error) {
      // A browser that does not say how much room there is: try, it will tell when there is none.
      if (shownFailure(error) === null) throw error;
      return true;
    }
  }

  async #import(key: number): Promise<void> {
    const arrival = this.#find(key);
    if (arrival === null || arrival.file === null) return;
    const abort = new AbortController();
    this.#imports.set(key, abort);
    this.#update(key, { phase: "importing", failure: null, progress: { doneBytes: 0, totalBytes: null } });
    const { name, copy, file, base } = arrival;
    try {
      const disk = await this.#library.import(file, {
        name,
        copy,
        base,
        signal: abort.signal,
        onProgress: (progress) => this.#update(key, { progress }),
      });
      this.#update(key, { phase: "ready", disk, name: disk.name, progress: null });
      // Of a packed file only the beginning was known, of changes nothing.
      if (mustCopy(arrival.findings) || isChanges(arrival.findings))
        await this.#look(key, () => this.#library.inspectDisk(disk.id));
    } catch (error) {
      this.#update(key, { phase: "ready", progress: null, failure: shownFailure(error) });
    } finally {
      this.#imports.delete(key);
    }
  }

  #append(fields: Partial<Arrival> & Pick<Arrival, "file" | "name" | "phase">): number {
    const key = this.#nextKey++;
    const arrival: Arrival = {
      key,
      findings: null,
      role: "none",
      copy: true,
      base: null,
      disk: null,
      progress: null,
      failure: null,
      ...fields,
    };
    this.#list = [...this.#list, arrival];
    this.#changed();
    return key;
  }

  #find(key: number): Arrival | null {
    return this.#list.find((arrival) => arrival.key === key) ?? null;
  }

  #update(key: number, change: Partial<Arrival>): void {
    this.#list = this.#list.map((arrival) => (arrival.key === key ? { ...arrival, ...change } : arrival));
    this.#changed();
  }

  #changed(): void {
    this.#emitter.emit("change", undefined);
  }
}

/** Whether an added file is to be a disk in the browser. */
export function becomesDisk({ role, phase }: Arrival): boolean {
  return phase !== "failed" && (role === "disk" || role === "cdrom");
}

/** What is in a packed file can only be had by unpacking it into the browser. */
export function mustCopy(findings: FileFindings | null): boolean {
  return findings?.formats.some((format) => PACKED.includes(format)) ?? false;
}

/** The file holds only the changes to another image. */
export function isChanges(findings: FileFindings | null): boolean {
  return (findings?.backing ?? null) !== null;
}

/** The name, without a folder, of the file that changes have to be given with; null where none has to be. */
export function baseName({ backing }: FileFindings): string | null {
  return backing === null || backing.url !== null ? null : backing.name.slice(backing.name.lastIndexOf("/") + 1);
}

/** A file that came by that name and is nothing else's yet. */
function isNamed({ file, phase, disk, findings }: Arrival, name: string): boolean {
  return file?.name === name && phase === "ready" && disk === null && !isChanges(findings);
}

/** What goes into the next machine. Disks that are not in the browser yet have names that only tell them apart. */
export function partsOf(list: readonly Arrival[]): NextParts {
  const usable = list.filter(({ phase }) => phase !== "failed");
  return {
    disks: usable.flatMap(({ key, role, name, findings, disk }) =>
      role === "disk" || role === "cdrom"
        ? [{ key, file: disk === null ? `disk:new-${key}` : `disk:${disk.id}`, name, role, findings }]
        : [],
    ),
    // Of two kernels the last one counts, as on the command line.
    files: usable.flatMap(({ role, file }) =>
      file !== null && (role === "kernel" || role === "initrd" || role === "dtb")
        ? [{ role, name: file.name, content: file }]
        : [],
    ),
  };
}

class UnusableFile extends Error {
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.message);
    this.failure = failure;
  }
}

function folderFailure(name: string): Failure {
  return {
    code: "bad-file",
    message: `“${name}” is a folder, and a machine starts with files.`,
    advice: "Open it and drop the disk image or kernel that is in it.",
    url: null,
  };
}

function emptyFailure(name: string): Failure {
  return {
    code: "bad-file",
    message: `“${name}” is empty.`,
    advice: "“New empty disk …” among the disks makes a disk to be filled.",
    url: null,
  };
}

function stateFailure(name: string): Failure {
  return {
    code: "unsupported",
    message: `“${name}” is the saved state of a machine, which this version cannot go on with.`,
    advice: "Start from its disks.",
    url: null,
  };
}

/** A disk's name, from a file's: "debian" of "debian.img.xz". */
export function stem(fileName: string): string {
  const name = fileName.replace(/(\.(img|raw|qcow2|iso|ext[234]|gz|xz|zst))+$/i, "");
  return name === "" ? fileName : name;
}
