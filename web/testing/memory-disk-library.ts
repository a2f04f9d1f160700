import type { BootFiles, DiskInfo, DiskLibrary, FileFindings, StorageEstimate } from "../../src/ts/api/disk-types.ts";
import { type Failure, FailureError } from "../../src/ts/api/index.ts";
import { Emitter } from "../../src/ts/lib/emitter.ts";

/** What the tests decide of a MemoryDiskLibrary. */
export interface LibraryScript {
  findings?: Partial<FileFindings>;
  estimate?: StorageEstimate;
  bootFiles?: BootFiles | null;
  /** Calls by name that fail, with what. */
  failures?: Partial<Record<string, Failure>>;
}

export const FINDINGS: FileFindings = {
  role: "disk",
  formats: [],
  summary: "A disk of zeros",
  diskSizeBytes: 1 << 20,
  partitionTable: null,
  partitions: [],
  system: null,
  root: null,
  rootArguments: [],
  backing: null,
};

/** A library without contents, for tests of what is shown of one. */
export class MemoryDiskLibrary implements DiskLibrary {
  script: LibraryScript;
  disks: DiskInfo[] = [];
  files: Record<string, File> = {};
  /** Names of the calls that were made, in their order. */
  readonly calls: string[] = [];
  /** What imports were given as the base of changes. */
  readonly bases: File[] = [];
  /** Imports end when this does. */
  importing: Promise<void> = Promise.resolve();
  readonly #emitter = new Emitter<{ change: null }>();

  constructor(script: LibraryScript = {}) {
    this.script = script;
  }

  onChange(listener: () => void): { dispose(): void } {
    return this.#emitter.on("change", listener);
  }

  async list(): Promise<DiskInfo[]> {
    await this.#call("list");
    return [...this.disks];
  }

  damaged(): Promise<never[]> {
    return Promise.resolve([]);
  }

  async inspect(): Promise<FileFindings> {
    await this.#call("inspect");
    return { ...FINDINGS, ...this.script.findings };
  }

  inspectDisk(): Promise<FileFindings> {
    return this.inspect();
  }

  async import(file: File, options: Parameters<DiskLibrary["import"]>[1]): Promise<DiskInfo> {
    await this.#call("import");
    if (options.base instanceof File) this.bases.push(options.base);
    options.onProgress?.({ doneBytes: 1, totalBytes: file.size });
    await Promise.race([
      this.importing,
      new Promise((_, reject) => {
        options.signal?.addEventListener("abort", () => reject(failure("cancelled", "It was cancelled.")));
      }),
    ]);
    const base =
      options.copy === false
        ? ({ kind: "file", name: file.name, sizeBytes: file.size, modifiedMs: 0, format: "raw" } as const)
        : ({ kind: "none" } as const);
    return this.addDisk(options.name, { base, origin: file.name });
  }

  createEmpty(name: string, sizeBytes: number): Promise<DiskInfo> {
    return Promise.resolve(this.addDisk(name, { sizeBytes }));
  }

  async export(...[, , sink]: Parameters<DiskLibrary["export"]>): Promise<void> {
    await this.#call("export");
    await sink.close();
  }

  async bootFiles(): Promise<BootFiles | null> {
    await this.#call("bootFiles");
    return this.script.bootFiles ?? null;
  }

  giveFile(id: string, file: File): Promise<void> {
    this.files = { ...this.files, [`disk:${id}`]: file };
    return Promise.resolve();
  }

  async rename(id: string, name: string): Promise<void> {
    await this.#call("rename");
    this.disks = this.disks.map((disk) => (disk.id === id ? { ...disk, name } : disk));
    this.#emitter.emit("change", null);
  }

  reset(): Promise<void> {
    return this.#call("reset");
  }

  async remove(id: string): Promise<void> {
    await this.#call("remove");
    this.disks = this.disks.filter((disk) => disk.id !== id);
    this.#emitter.emit("change", null);
  }

  async estimate(): Promise<StorageEstimate> {
    await this.#call("estimate");
    return this.script.estimate ?? { usageBytes: 0, quotaBytes: 1_000_000, persisted: false };
  }

  persist(): Promise<boolean> {
    return Promise.resolve(true);
  }

  dispose(): void {
    this.#emitter.clear();
  }

  /** Puts a disk in, as another tab might. */
  addDisk(name: string, change: Partial<DiskInfo> = {}): DiskInfo {
    const disk: DiskInfo = {
      id: `id-${this.disks.length}`,
      name,
      sizeBytes: 1 << 20,
      chunkBytes: 65_536,
      store: "idb",
      base: { kind: "none" },
      origin: "",
      createdMs: 0,
      usedMs: 0,
      usedBytes: 0,
      inUse: false,
      ...change,
    };
    this.disks = [...this.disks, disk];
    this.#emitter.emit("change", null);
    return disk;
  }

  #call(name: string): Promise<void> {
    this.calls.push(name);
    const failed = this.script.failures?.[name];
    return failed === undefined ? Promise.resolve() : Promise.reject(new FailureError(failed));
  }
}

/** A failure as the library tells it. */
export function failure(code: Failure["code"], message: string): FailureError {
  return new FailureError({ code, message, advice: "", url: null });
}
