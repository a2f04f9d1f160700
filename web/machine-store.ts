import {
  type CaptureDescription,
  type DiskTrouble,
  FailureError,
  type FileProgress,
  type GuestPanic,
  type HeadStart,
  type MachineCrash,
  type MachineState,
  type MachineStats,
  type StopReason,
  VirtualMachine,
} from "../src/ts/api/index.ts";
import { type Disposable, Emitter } from "../src/ts/lib/emitter.ts";
import { download, fileNameFor } from "./disks/save-file.ts";
import type { GuestProfile } from "./guest-profile.ts";

/** The mark that the first prompt leaves on the performance timeline: its startTime counts from the navigation. */
export const PROMPT_MARK = "armlet:prompt";

/** How many values of guest speed are kept for the graph. */
const SPEED_SAMPLES = 48;

/** Everything the page shows about its machine, in one place. */
export class MachineStore {
  readonly files = new Map<string, FileProgress>();
  /** Guest MIPS, oldest first. */
  speeds: readonly number[] = [];
  failure: FailureError | null = null;
  crash: MachineCrash | null = null;
  panic: GuestPanic | null = null;
  /** What the machine needed and did not get: a sentence. */
  hostError: string | null = null;
  /** A disk that did not get what the guest wrote; until the user has dealt with it. */
  diskTrouble: DiskTrouble | null = null;
  stopReason: StopReason | null = null;
  /** Milliseconds from the navigation to the prompt (after a reset: from the reset). */
  promptMs: number | null = null;
  #promptSeen = false;
  /** The power button was pressed and the guest is still at it. */
  poweringOff = false;
  readonly #emitter = new Emitter<{ change: undefined; machine: VirtualMachine }>();
  readonly #engine: () => Promise<WebAssembly.Module>;
  #profile: GuestProfile;
  #vm: VirtualMachine;

  constructor(profile: GuestProfile, engine: () => Promise<WebAssembly.Module>) {
    this.#engine = engine;
    this.#profile = profile;
    this.#vm = this.#build(profile);
  }

  /** The machine of now; `replace` puts another one in its place. */
  get vm(): VirtualMachine {
    return this.#vm;
  }

  /** What the machine of now was made from. */
  get profile(): GuestProfile {
    return this.#profile;
  }

  /**
   * Turns the machine off, without asking its guest, puts another one in its place and starts that. What the old one
   * wrote to its disks is kept. Whoever calls this has asked the user.
   */
  async replace(profile: GuestProfile): Promise<void> {
    const old = this.#vm;
    if (this.isOn) await old.powerOff({ force: true });
    // A second call may have been faster.
    if (old !== this.#vm) return;
    old.dispose();
    this.#profile = profile;
    this.#vm = this.#build(profile);
    // From here on the time to the prompt counts from the machine's start.
    this.#promptSeen = true;
    this.promptMs = null;
    this.speeds = [];
    this.stopReason = null;
    this.#emitter.emit("machine", this.#vm);
    this.start();
  }

  #build(profile: GuestProfile): VirtualMachine {
    const vm = new VirtualMachine({ ...profile, engine: this.#engine });
    vm.on("state", ({ state, stopReason }) => this.#onState(state, stopReason));
    vm.on("progress", (progress) => {
      this.files.set(progress.name, progress);
      this.#changed();
    });
    vm.on("stats", ({ mips }) => {
      this.speeds = [...this.speeds, mips].slice(-SPEED_SAMPLES);
      this.#changed();
    });
    vm.on("prompt", ({ elapsedMs }) => this.#onPrompt(elapsedMs));
    vm.on("panic", (panic) => {
      this.panic = panic;
      this.#changed();
    });
    vm.on("crash", (crash) => {
      this.crash = crash;
      this.#changed();
    });
    vm.on("failure", (failure) => {
      this.failure = failure;
      this.#changed();
    });
    vm.on("disk-trouble", (trouble) => {
      this.diskTrouble = trouble;
      this.#changed();
    });
    vm.on("disks", () => this.#changed());
    vm.on("log", ({ level, text }) => {
      if (level === "host-error") this.#onHostError(text);
      // For whoever develops the guest; nothing a user has to act on.
      else if (level === "guest-error") console.warn(text);
      else console.info(text);
    });
    return vm;
  }

  get state(): MachineState {
    return this.vm.state;
  }

  /** There is a guest, running or held. */
  get isOn(): boolean {
    return this.state === "running" || this.state === "idle" || this.state === "paused";
  }

  get stats(): MachineStats {
    return this.vm.stats;
  }

  /** Calls `listener` after any change. */
  onChange(listener: () => void): Disposable {
    return this.#emitter.on("change", listener);
  }

  /** Calls `listener` with each machine that takes another one's place. */
  onMachine(listener: (vm: VirtualMachine) => void): Disposable {
    return this.#emitter.on("machine", listener);
  }

  /** Starts, or tries again. What goes wrong is shown, not thrown. `headStart` is what was begun of it before. */
  start(headStart: HeadStart | null = null): void {
    this.files.clear();
    this.#forgetTroubles();
    this.vm.start(headStart).catch(() => this.#changed());
  }

  /** Downloads what a capture of packets has until now. */
  saveCapture({ id, file }: CaptureDescription): void {
    const name = fileNameFor(file.slice(file.lastIndexOf("/") + 1).replace(/\.pcap$/i, ""), ".pcap");
    this.#do(this.vm.capture(id).then((capture) => download(capture, name)));
  }

  togglePause(): void {
    this.#do(this.state === "paused" ? this.vm.resume() : this.vm.pause());
  }

  reset(): void {
    this.files.clear();
    this.#forgetTroubles();
    this.promptMs = null;
    this.#do(this.vm.reset());
  }

  /** Asks the guest to shut down; asked again while it is at it, turns it off. */
  powerOff(): void {
    const force = this.poweringOff;
    this.poweringOff = true;
    this.#changed();
    this.#do(this.vm.powerOff({ force }));
  }

  /**
   * Turns the machine off, without asking its guest, and ends it for good; resolves when what it wrote to its disks is
   * kept. Rejects where that failed; the machine is ended all the same.
   */
  async close(): Promise<void> {
    try {
      if (this.isOn) await this.vm.powerOff({ force: true });
      await this.vm.flush();
    } finally {
      this.vm.dispose();
    }
  }

  dismissPanic(): void {
    this.panic = null;
    this.#changed();
  }

  dismissHostError(): void {
    this.hostError = null;
    this.#changed();
  }

  /** The user knows of it. */
  dismissDiskTrouble(): void {
    this.diskTrouble = null;
    this.#changed();
  }

  /** Tries once more to keep what the guest wrote; what goes wrong is shown. */
  retryDisks(): void {
    this.vm.flush().then(
      () => this.dismissDiskTrouble(),
      (error: unknown) => {
        if (!(error instanceof FailureError)) throw error;
        const { message, advice } = error.failure;
        if (this.diskTrouble === null) {
          this.#onHostError(`${message} ${advice}`);
          return;
        }
        this.diskTrouble = { ...this.diskTrouble, message: `It was tried again, and failed: ${message}`, advice };
        this.#changed();
      },
    );
  }

  #onHostError(text: string): void {
    console.error(text);
    this.hostError = text;
    this.#changed();
  }

  #forgetTroubles(): void {
    this.hostError = null;
    this.diskTrouble = null;
    this.failure = null;
    this.crash = null;
    this.panic = null;
    this.poweringOff = false;
    this.#changed();
  }

  #do(action: Promise<void>): void {
    action.catch((error: unknown) => {
      // The machine tells failures by events; this is one that came without.
      console.error(error);
      this.#changed();
    });
  }

  #onState(state: MachineState, stopReason: StopReason | null): void {
    if (state === "stopped" || state === "crashed") this.poweringOff = false;
    this.stopReason = stopReason;
    this.#changed();
  }

  #onPrompt(elapsedMs: number): void {
    if (this.#promptSeen) {
      this.promptMs = elapsedMs;
    } else {
      this.#promptSeen = true;
      this.promptMs = performance.mark(PROMPT_MARK).startTime;
    }
    this.#changed();
  }

  #changed(): void {
    this.#emitter.emit("change", undefined);
  }
}
