/** What a machine needs from where it runs: a worker of a page, Node's command line, a test. */
import type { BlockBackend, CharBackend } from "../../virtio/backends.ts";
import type { FileTree } from "../../virtio/file-tree.ts";
import type { DriveConfig, FsdevConfig } from "../config/machine-config.ts";
import type { NetworkServices } from "../net/network.ts";
import type { Clock } from "../platform/host.ts";

/** Where the machine's messages go. */
export interface MachineLog {
  /** The guest did something wrong: counted, shown once for each `place`. */
  guestError(place: string, detail: string): void;
  /** The host failed the guest: `detail` is a sentence for the user. */
  hostError(place: string, detail: string): void;
  info(message: string): void;
}

/** What the host does for one machine. */
export interface MachineServices {
  /** The compiled engine. */
  readonly wasm: WebAssembly.Module;
  readonly clock: Clock;
  readonly log: MachineLog;
  /** A file that the command line names, whole. Rejects with a sentence for the user. */
  readFile(name: string): Promise<Uint8Array>;
  /** The disk of a `-drive`. Rejects with a sentence for the user. */
  openDisk(drive: DriveConfig): Promise<BlockBackend>;
  /** Lets go of the disk of a drive that is taken out; absent where none ever is. */
  closeDisk?(drive: string): Promise<void>;
  /** What the machine's networks lead to. */
  readonly network: NetworkServices;
  /** The files of an `-fsdev`. Rejects with a sentence for the user. */
  openFiles(fsdev: FsdevConfig): Promise<FileTree>;
  /** What is behind a character device other than the terminal; without it, nothing is. */
  character?(id: string): CharBackend | null;
  /** Fills `bytes` (any length) with cryptographically secure random values. */
  entropy(bytes: Uint8Array): void;
  /** Runs `callback` once in about `delayMs`; the function it returns cancels that. */
  after(delayMs: number, callback: () => void): () => void;
  /** Called when something happened outside a slice that the guest may wait for. */
  wake(): void;
}
