import { DeviceOptionError } from "../../virtio/properties.ts";
import { FailureError, failureOf } from "../protocol/failure.ts";
import type { NetworkServices } from "../net/network.ts";
import {
  type ControlAction,
  type FromWorker,
  PROTOCOL_VERSION,
  type StopReason,
  type ToWorker,
} from "../protocol/messages.ts";
import type { DiskToAttach, MachineRequest } from "../protocol/inspection.ts";
import type { FilesAction } from "../protocol/shared-files.ts";
import type { Blueprint, ReadCommandLine, WorkerServices } from "./blueprint.ts";
import { FileLoader, type FileLoaderHost } from "./file-loader.ts";
import type { ReadBlob } from "../storage/blob-source.ts";
import type { DiskStorage } from "./disk-storage.ts";
import { GuestClock } from "./guest-clock.ts";
import { MachineDisks, type OpenDrive } from "./machine-disks.ts";
import { type FolderOpener, MachineTrees } from "./machine-trees.ts";
import { PortStreams } from "./port-streams.ts";
import { RunningMachine, type RunningMachineHost } from "./running-machine.ts";
import type { Turns } from "./turns.ts";
import { Captures } from "./captures.ts";
import { answerFiles } from "./shared-files.ts";
import { unknownName } from "./unknown-name.ts";

/** What the worker's thread gives. */
export interface VmEnvironment {
  readonly readCommandLine: ReadCommandLine;
  readonly turns: Turns;
  /** The origin of the page. */
  readonly origin: string;
  readonly fetch: typeof fetch;
  /** Reads a part of a file ahead of the guest; absent where this thread reads everything. */
  readonly readAhead?: ReadBlob;
  readonly storage: DiskStorage;
  readonly openDrive: OpenDrive;
  readonly folders: FolderOpener;
  readonly openChannel: NetworkServices["openChannel"];
  post(message: FromWorker): void;
  nowMs(): number;
  wallMs(): number;
  entropy(bytes: Uint8Array): void;
}

/** Everything known once the first message came. */
interface Session {
  readonly blueprint: Blueprint;
  readonly loader: FileLoader;
  /** Of the page, by name. */
  readonly files: Map<string, Blob>;
  readonly abort: AbortController;
}

/**
 * The worker's end of the protocol: loads and builds the machine of one command line, then runs it and does what the
 * page asks. It knows nothing of workers; a test calls `handle` and reads what it posts.
 */
export class VmHost {
  readonly #environment: VmEnvironment;
  readonly #clock: GuestClock;
  readonly #disks: MachineDisks;
  readonly #captures: Captures;
  readonly #trees: MachineTrees;
  readonly #ports: PortStreams;
  #session: Session | null = null;
  #module: WebAssembly.Module | null = null;
  #machine: RunningMachine | null = null;
  #building = false;
  #columns = 80;
  #rows = 24;

  constructor(environment: VmEnvironment) {
    this.#environment = environment;
    this.#clock = new GuestClock(environment);
    this.#ports = new PortStreams((message) => environment.post(message));
    this.#trees = new MachineTrees(environment.folders);
    this.#captures = new Captures((text) => environment.post({ kind: "log", level: "host-error", text }));
    this.#disks = new MachineDisks(environment.openDrive, {
      onStatus: (disks) => environment.post({ kind: "disks", disks }),
      onTrouble: (trouble) => environment.post({ kind: "disk-trouble", ...trouble }),
      after: (delayMs, callback) => environment.turns.after(delayMs, callback),
    });
  }

  /** Takes a message of the page. Never throws: what goes wrong is posted. */
  handle(message: ToWorker): void {
    switch (message.kind) {
      case "open":
        this.#open(message);
        break;
      case "engine":
        this.#module = message.module;
        void this.#build();
        break;
      case "cancel":
        this.#session?.abort.abort();
        break;
      case "serial-input":
        this.#machine?.receive(message.bytes);
        break;
      case "serial-ack":
        this.#machine?.acknowledge(message.byteCount);
        break;
      case "resize":
        this.#columns = message.columns;
        this.#rows = message.rows;
        this.#machine?.resize(message.columns, message.rows);
        break;
      case "port-open":
      case "port-input":
      case "port-ack":
        this.#ports.handle(message);
        break;
      case "control":
        void this.#control(message);
        break;
      case "request":
        this.#answer(message);
        break;
    }
  }

  #open(message: Extract<ToWorker, { kind: "open" }>): void {
    this.#columns = message.columns;
    this.#rows = message.rows;
    try {
      if (message.version !== PROTOCOL_VERSION) throw otherVersion();
      const blueprint = this.#environment.readCommandLine(message.args);
      const abort = new AbortController();
      const loader = new FileLoader(this.#loaderHost(message), abort.signal);
      for (const name of blueprint.files) loader.prefetch(name);
      this.#session = { blueprint, loader, files: new Map(Object.entries(message.files)), abort };
      this.#environment.post({ kind: "described", ...blueprint.description });
    } catch (error) {
      this.#fail(error, "command-line");
    }
  }

  #loaderHost({ baseUrl, packed, files }: Extract<ToWorker, { kind: "open" }>): FileLoaderHost {
    const environment = this.#environment;
    return {
      baseUrl,
      packed: new Map(Object.entries(packed)),
      files: new Map(Object.entries(files)),
      origin: environment.origin,
      fetch: environment.fetch,
      nowMs: () => environment.nowMs(),
      after: (delayMs, callback) => environment.turns.after(delayMs, callback),
      delay: (delayMs, signal) => delay(environment.turns, delayMs, signal),
      onProgress: (progress) => environment.post({ kind: "progress", ...progress }),
    };
  }

  /** Builds the machine, the first time or in place of a broken one; then it runs. */
  async #build(): Promise<void> {
    const session = this.#session;
    const module = this.#module;
    if (session === null || module === null || this.#building) return;
    this.#building = true;
    try {
      this.#machine?.dispose();
      this.#machine = null;
      const running = new RunningMachine(this.#runningHost(), this.#clock, session.blueprint.noReboot);
      const guest = await session.blueprint.create(this.#services(session, module, running), session.abort.signal);
      running.start(guest, this.#columns, this.#rows);
      this.#machine = running;
    } catch (error) {
      this.#fail(error, "bad-file");
    } finally {
      this.#building = false;
    }
  }

  #runningHost(): RunningMachineHost {
    const { turns } = this.#environment;
    return {
      turns,
      post: (message) => this.#environment.post(message),
      nowMs: () => this.#environment.nowMs(),
      // What cannot be made durable is told as the disk's trouble.
      onHalted: () => void this.#disks.flush().catch(() => {}),
    };
  }

  #services(session: Session, wasm: WebAssembly.Module, running: RunningMachine): WorkerServices {
    const environment = this.#environment;
    return {
      wasm,
      clock: this.#clock,
      log: running.log,
      readFile: (name) => session.loader.read(name),
      readInto: (name, open) => session.loader.readInto(name, open),
      signal: session.abort.signal,
      port: (id) => this.#ports.stream(id),
      file: (name) => session.files.get(name) ?? null,
      readAhead: environment.readAhead,
      resolve: (name) => session.loader.resolve(name),
      rangeHost: (url) => ({
        fetch: environment.fetch,
        sameOrigin: new URL(url).origin === environment.origin,
        delay: (delayMs) => delay(environment.turns, delayMs, session.abort.signal),
      }),
      storage: environment.storage,
      disks: this.#disks,
      network: {
        openChannel: environment.openChannel,
        // A page has no sockets: there a multicast group is a channel.
        openMulticast: null,
        openCapture: (capture) => this.#captures.open(capture),
      },
      trees: this.#trees,
      entropy: (bytes) => environment.entropy(bytes),
      after: (delayMs, callback) => environment.turns.after(delayMs, callback),
      wake: () => running.wake(),
    };
  }

  async #control(message: Extract<ToWorker, { kind: "control" }>): Promise<void> {
    const { id, action } = message;
    try {
      const text = await this.#act(action);
      this.#environment.post({ kind: "reply", id, ok: true, text });
    } catch (error) {
      this.#environment.post({ kind: "reply", id, ok: false, failure: failureOf(error, "internal") });
    }
  }

  #answer({ id, request }: Extract<ToWorker, { kind: "request" }>): void {
    const answer = (result: unknown): void => this.#environment.post({ kind: "answer", id, result });
    const refuse = (error: unknown): void => {
      const failure = failureOf(error, error instanceof DeviceOptionError ? "command-line" : "internal");
      this.#environment.post({ kind: "reply", id, ok: false, failure });
    };
    try {
      const result = this.#resultOf(request);
      // Files and disks take their time.
      if (result instanceof Promise) result.then(answer, refuse);
      else answer(result);
    } catch (error) {
      refuse(error);
    }
  }

  #resultOf(request: MachineRequest): unknown {
    switch (request.name) {
      case "capture":
        return this.#captured(request.capture);
      case "files":
        return this.#files(request.tree, request.action);
      case "attach-disk":
        this.#takeFile(request.disk);
        return this.#ready().answer(request);
      default:
        return this.#ready().answer(request);
    }
  }

  async #files(id: string, action: FilesAction): Promise<unknown> {
    const tree = this.#trees.get(id);
    if (tree === null) throw unknownName("shared files", id, "-fsdev local,id=");
    const result = await answerFiles(await tree, action);
    this.#machine?.wake();
    return result;
  }

  /** A file that comes with a disk is one of the page's, like those that came with the machine. */
  #takeFile({ file, content }: DiskToAttach): void {
    if (content !== null) this.#session?.files.set(file, content);
  }

  #captured(capture: string): Blob {
    const file = this.#captures.file(capture);
    if (file === null) throw unknownName("capture", capture, "-object filter-dump,id=");
    return file;
  }

  #ready(): RunningMachine {
    if (this.#machine === null) throw notRunning();
    return this.#machine;
  }

  #act(action: ControlAction): string | Promise<string> {
    if (action === "flush") return this.#disks.flush().then(() => "");
    if (action === "close") return this.#close().then(() => "");
    if (action === "reset" && this.#machine?.crashed === true) {
      // It loads files anew, which takes its time; how it ends is told as it was the first time.
      void this.#build();
      return "";
    }
    const machine = this.#ready();
    switch (action) {
      case "pause":
        machine.pause();
        return "";
      case "resume":
        machine.resume();
        return "";
      case "reset":
        machine.reset();
        return "";
      case "power-off":
        machine.powerOff();
        return "";
      case "force-off":
        machine.stop("forced" satisfies StopReason);
        return "";
      case "report":
        return machine.report();
    }
  }

  /** The machine ends; its disks keep what was written. */
  async #close(): Promise<void> {
    this.#session?.abort.abort();
    this.#session = null;
    this.#machine?.dispose();
    this.#machine = null;
    try {
      await this.#trees.close();
    } finally {
      await this.#disks.close();
    }
  }

  #fail(error: unknown, fallback: "command-line" | "bad-file"): void {
    this.#session?.abort.abort();
    this.#session = null;
    this.#environment.post({ kind: "failed", failure: failureOf(error, fallback) });
  }
}

function otherVersion(): FailureError {
  return new FailureError({
    code: "version-mismatch",
    message: "This page and its engine are of different versions.",
    advice: "Reload the page; if that does not help, empty the browser's cache for this site.",
    url: null,
  });
}

function notRunning(): FailureError {
  return new FailureError({
    code: "internal",
    message: "The machine is not running yet.",
    advice: "Wait until it has started.",
    url: null,
  });
}

function delay(turns: Turns, delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const cancel = turns.after(delayMs, () => {
      signal.removeEventListener("abort", onAbort);
      resolve();
    });
    const onAbort = (): void => {
      cancel();
      reject(signal.reason as Error);
    };
    signal.addEventListener("abort", onAbort, { once: true });
  });
}
