import type { DiskStatus, DiskTrouble } from "../protocol/disk-status.ts";
import type { FailureError } from "../protocol/failure.ts";
import type { CompilerMetrics } from "../protocol/guest-counters.ts";
import type { FileProgress, LogLevel, MachineState, StopReason } from "../protocol/messages.ts";
import type { GuestPanic } from "./console-watch.ts";

/** What a new machine is to be. */
export interface VirtualMachineOptions {
  /**
   * The machine as a QEMU command line, such as
   * `-M virt -m 256 -kernel Image -initrd initrd.gz -append "console=ttyAMA0"`. File names are URLs relative to
   * `baseUrl`.
   */
  readonly args: string;
  /** What file names are relative to; the page's address unless given. */
  readonly baseUrl?: string | URL;
  /**
   * Files of the command line that the server also has gzip-compressed: by name, the name of the packed file. The
   * packed one is loaded, the machine gets the plain one.
   */
  readonly packed?: Readonly<Record<string, string>>;
  /**
   * Files of the page that take the place of what has their name in the command line, as `{ "disk.img": file }` does
   * for `-drive file=disk.img`: kernel, initrd, device tree, disks. A disk is read piece by piece; what the guest
   * writes over it is forgotten with the machine. `DiskLibrary.files` has those under kept disks.
   */
  readonly files?: Readonly<Record<string, Blob>>;
  /**
   * The engine: compiled (compileEngine), where it is, or a function that compiles it, called by each `start`. Unless
   * given, it is the file that belongs to this package.
   */
  readonly engine?: WebAssembly.Module | string | URL | (() => Promise<WebAssembly.Module>);
  /**
   * Typed for the user: the first text at the guest's first prompt, each further one at the next. `"\n"` is Enter. It comes
   * after what the command line says to type (`-armlet type=`), and is not typed again after a reset.
   */
  readonly type?: readonly string[];
  /** Size of the guest's console in characters; 80 by 24 unless given. */
  readonly columns?: number;
  readonly rows?: number;
}

/** A disk that is put into a machine while it runs. */
export interface AttachDiskOptions {
  /**
   * What is on it: a file of the page, an address, or `disk:ID`, a disk that the browser keeps. What the guest writes over a
   * file is forgotten with the machine.
   */
  readonly file: Blob | string;
  /** A name for people of a `Blob` that is no `File`. */
  readonly name?: string;
  /** `cdrom`: a CD drive with it; `disk` unless given. */
  readonly media?: "disk" | "cdrom";
  /** What the drive is called by; the first free one (`hot0`, `hot1`, …) unless given. */
  readonly id?: string;
  /** What the guest writes is kept in memory and forgotten. */
  readonly snapshot?: boolean;
  /** The guest cannot write. A CD is read-only in any case. */
  readonly readOnly?: boolean;
  /** The file under a kept disk (`DiskLibrary.files`), for `disk:ID` that lies over one. */
  readonly base?: Blob;
}

/** A change of `state`. */
export interface StateChange {
  readonly state: MachineState;
  readonly previous: MachineState;
  /** Why, in state `stopped` after the machine ran. */
  readonly stopReason: StopReason | null;
}

/** What a machine does and costs. */
export interface MachineStats {
  /** Guest instructions since the machine was built. */
  readonly instructions: number;
  /** Guest instructions per second of real time over the last half second, in millions. */
  readonly mips: number;
  /** Share of a host core over the same time, 0 to 1. */
  readonly cpuShare: number;
  /** What the guest did that the architecture or a device's specification forbids. */
  readonly guestErrors: number;
  /** What the compiler of hot code has done; null with `-accel interp`, and until the guest has run for a moment. */
  readonly compiler: CompilerMetrics | null;
  /** The guest's memory; 0 until the command line was read. */
  readonly memoryBytes: number;
  readonly cpuCount: number;
  /** Milliseconds from `start()` (after a reset: from the reset) to the first prompt; null before. */
  readonly promptMs: number | null;
}

/** Our fault, not the guest's: the engine stopped and cannot go on. */
export interface MachineCrash {
  readonly message: string;
  /** Registers and last log lines; see also `VirtualMachine.report`. */
  readonly report: string;
}

/** What the machine has to say beside its console. */
export interface MachineLog {
  /**
   * `guest-error`: something the guest did that it must not, told once per place, for whoever develops the guest.
   * `host-error`: something the machine needed and did not get, such as a part of a disk: a sentence for the user.
   */
  readonly level: LogLevel;
  readonly text: string;
}

/** The events of a machine, by name. */
export interface VirtualMachineEvents {
  state: StateChange;
  /** A file is on its way. */
  progress: FileProgress;
  /** About twice a second while the guest works. */
  stats: MachineStats;
  /** The guest shows its first prompt (shell or login) since the start or a reset. */
  prompt: { readonly elapsedMs: number };
  /** The guest's kernel says that it panicked or hit a bug. */
  panic: GuestPanic;
  crash: MachineCrash;
  /** The machine could not be built; `start()` rejects with the same. */
  failure: FailureError;
  log: MachineLog;
  /** About twice a second while something about a drive changes: the new `disks`. */
  disks: readonly DiskStatus[];
  /**
   * The browser's storage failed a drive, for want of room above all: the guest gets I/O errors until a flush gets
   * through again. Once for each kind of trouble.
   */
  "disk-trouble": DiskTrouble;
}
