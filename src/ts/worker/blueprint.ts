import type { CharBackend } from "../../virtio/backends.ts";
import type { MachineDescription } from "../protocol/messages.ts";
import type { DownloadSink } from "./byte-sink.ts";
import type { MachineTrees } from "./machine-trees.ts";
import type { MachineDisks } from "./machine-disks.ts";
import type { NetworkServices } from "../net/network.ts";
import type { ReadBlob } from "../storage/blob-source.ts";
import type { HttpSourceHost } from "../storage/http-source.ts";
import type { DiskStorage } from "./disk-storage.ts";
import type { Clock } from "./guest-clock.ts";
import type { GuestMachine } from "./guest-machine.ts";

/** What a machine in a worker gets from its host. */
export interface WorkerServices {
  readonly wasm: WebAssembly.Module;
  readonly clock: Clock;
  readonly log: {
    guestError(place: string, detail: string): void;
    /** The host failed the guest: `detail` is a sentence for the user. */
    hostError(place: string, detail: string): void;
    info(message: string): void;
  };
  readFile(name: string): Promise<Uint8Array<ArrayBuffer>>;
  /** Loads a file from its server into what `open` makes; resolves with its ETag or Last-Modified. See downloadInto. */
  readInto(name: string, open: (expectedBytes: number) => DownloadSink): Promise<string | null>;
  /** Aborted when the page gives the machine up. */
  readonly signal: AbortSignal;
  /** The stream between a character device and the page. */
  port(id: string): CharBackend;
  /** The page's own file of that name; null where the name is an address. */
  file(name: string): Blob | null;
  /** Reads a part of a file that nobody waits for yet; absent where this thread reads everything. */
  readonly readAhead?: ReadBlob;
  /** The absolute address of a file name. */
  resolve(name: string): string;
  /** What reading parts of a file takes (HttpSource). */
  rangeHost(url: string): HttpSourceHost;
  /** Where the browser keeps disks. */
  readonly storage: DiskStorage;
  /** The disks of this worker: they are opened once, however often the machine is built. */
  readonly disks: MachineDisks;
  readonly network: NetworkServices;
  /** The shared files of this worker, likewise. */
  readonly trees: MachineTrees;
  entropy(bytes: Uint8Array): void;
  /** Calls `callback` once in about `delayMs`; the result cancels that. */
  after(delayMs: number, callback: () => void): () => void;
  wake(): void;
}

/** A command line that was read: what the machine will be, and how to build it. */
export interface Blueprint {
  readonly description: MachineDescription;
  /** Files that the machine reads completely before it starts. */
  readonly files: readonly string[];
  /** Whether a guest that resets itself ends the machine (-no-reboot). */
  readonly noReboot: boolean;
  create(services: WorkerServices, signal: AbortSignal): Promise<GuestMachine>;
}

/** Reads a command line. Throws an error whose message tells the user what is wrong with it. */
export type ReadCommandLine = (args: string) => Blueprint;
