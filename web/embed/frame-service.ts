import type { VirtualMachine } from "../../src/ts/api/index.ts";
import {
  FRAME_EVENTS,
  FRAME_PROTOCOL_VERSION,
  type FrameEventName,
  type FrameEvents,
  type FrameMessage,
  type FrameMethodName,
  type FrameMethods,
  type FrameReady,
} from "../../src/ts/api/frame-protocol.ts";
import type { Disposable } from "../../src/ts/lib/emitter.ts";
import type { ConsoleSize } from "../terminal-view.ts";
import { BadRequestError } from "./embed-channel.ts";

/** Limits of what one message may bring, in characters and files. */
const LONGEST_TEXT = 1024 * 1024;
const LONGEST_ARGS = 64 * 1024;
const MOST_FILES = 64;
const LARGEST_CONSOLE = 1000;

/** What the frame does for its methods. */
export interface FrameServiceHost {
  /** What the frame says of itself. */
  readonly ready: FrameReady;
  /** The machine of now. Rejects with why there is none. */
  machine(): Promise<VirtualMachine>;
  /** Starts it, or another one in its place. */
  start(what: FrameMethods["start"]["params"]): Promise<void>;
  /** null: as large as the frame has room for. */
  setSize(size: ConsoleSize | null): Promise<void>;
  send(message: FrameMessage): void;
}

type Params = Readonly<Record<string, unknown>>;

/** The methods and events of a frame, over its machine. */
export class FrameService {
  readonly #host: FrameServiceHost;
  readonly #subscribed = new Set<FrameEventName>();
  #attached: Disposable[] = [];
  #decoder = new TextDecoder();

  constructor(host: FrameServiceHost) {
    this.#host = host;
  }

  /** The machine of now is this one: its events are the frame's. */
  attach(vm: VirtualMachine): void {
    for (const disposable of this.#attached) disposable.dispose();
    this.#decoder = new TextDecoder();
    this.#attached = [
      vm.serial.onData((bytes) => {
        const text = this.#decoder.decode(bytes, { stream: true });
        if (text !== "") this.#emit("output", { text });
      }),
      vm.on("state", (event) => this.#emit("state", event)),
      vm.on("progress", ({ name, loadedBytes, totalBytes, note }) =>
        this.#emit("progress", { name, loadedBytes, totalBytes, note }),
      ),
      vm.on("stats", (event) => this.#emit("stats", event)),
      vm.on("prompt", (event) => this.#emit("prompt", event)),
      vm.on("panic", (event) => this.#emit("panic", event)),
      vm.on("crash", ({ message, report }) => this.#emit("crash", { message, report })),
      vm.on("failure", ({ failure }) => this.#emit("failure", failure)),
      vm.on("log", ({ level, text }) => this.#emit("log", { level, text })),
      vm.on("disks", (disks) => this.#emit("disks", { disks })),
      vm.on("disk-trouble", (event) => this.#emit("disk-trouble", event)),
    ];
  }

  /** Does what a request asks; rejects with an error that can be sent. */
  async call(method: FrameMethodName, params: Params): Promise<unknown> {
    switch (method) {
      case "hello":
        return this.#host.ready;
      case "start":
        return await this.#host.start(startParams(params));
      case "subscribe":
        for (const name of eventNames(params)) this.#subscribed.add(name);
        return undefined;
      case "unsubscribe":
        for (const name of eventNames(params)) this.#subscribed.delete(name);
        return undefined;
      case "resize":
        return await this.#host.setSize(consoleSize(params));
      default:
        return await this.#callMachine(await this.#host.machine(), method, params);
    }
  }

  async #callMachine(
    vm: VirtualMachine,
    method: Exclude<FrameMethodName, "hello" | "start" | "subscribe" | "unsubscribe" | "resize">,
    params: Params,
  ): Promise<unknown> {
    switch (method) {
      case "write":
        return vm.serial.write(text(params, "text", LONGEST_TEXT));
      case "type":
        return vm.type(texts(params));
      case "text":
        return { text: lastOf(vm.serial.text, params) };
      case "pause":
        return await vm.pause();
      case "resume":
        return await vm.resume();
      case "reset":
        return await vm.reset();
      case "powerOff":
        return await vm.powerOff({ force: params.force === true });
      case "state":
        return { state: vm.state };
      case "stats":
        return vm.stats;
      case "disks":
        return { disks: vm.disks };
      case "prompt":
        return { elapsedMs: await firstPrompt(vm) };
      case "report":
        return { text: await vm.report() };
      case "flush":
        return await vm.flush();
    }
  }

  #emit<Name extends FrameEventName>(event: Name, data: FrameEvents[Name]): void {
    if (this.#subscribed.has(event)) this.#host.send({ armlet: FRAME_PROTOCOL_VERSION, event, data });
  }
}

/** Resolves with the milliseconds to the prompt; rejects where none can come any more. */
function firstPrompt(vm: VirtualMachine): Promise<number> {
  if (vm.stats.promptMs !== null) return Promise.resolve(vm.stats.promptMs);
  return new Promise((resolve, reject) => {
    const listeners = [
      vm.on("prompt", ({ elapsedMs }) => settle(() => resolve(elapsedMs))),
      vm.on("failure", (error) => settle(() => reject(error))),
      vm.on("state", ({ state }) => {
        if (state !== "stopped" && state !== "crashed") return;
        const error = new Error(`There will be no prompt: the machine ${state === "stopped" ? "is off" : "broke"}.`);
        // A failure says why, right after this.
        queueMicrotask(() => settle(() => reject(error)));
      }),
    ];
    const settle = (end: () => void): void => {
      for (const listener of listeners) listener.dispose();
      end();
    };
  });
}

function startParams({ args, profile, files }: Params): FrameMethods["start"]["params"] {
  if (args !== undefined && profile !== undefined) throw new BadRequestError("start takes args or profile, not both.");
  return {
    ...(args === undefined ? {} : { args: text({ args }, "args", LONGEST_ARGS) }),
    ...(profile === undefined ? {} : { profile: text({ profile }, "profile", LONGEST_ARGS) }),
    ...(files === undefined ? {} : { files: blobs(files) }),
  };
}

function blobs(files: unknown): Record<string, Blob> {
  if (typeof files !== "object" || files === null) throw new BadRequestError("files is no object of Blobs by name.");
  const entries = Object.entries(files);
  if (entries.length > MOST_FILES) throw new BadRequestError(`files has more than ${MOST_FILES} entries.`);
  return Object.fromEntries(
    entries.map(([name, file]: [string, unknown]) => {
      if (!(file instanceof Blob)) throw new BadRequestError(`files[${JSON.stringify(name.slice(0, 64))}] is no Blob.`);
      return [name, file];
    }),
  );
}

function eventNames({ events }: Params): FrameEventName[] {
  if (!Array.isArray(events)) throw new BadRequestError("events is no list of names.");
  return events.map((name: unknown) => {
    const known = FRAME_EVENTS.find((event) => event === name);
    if (known === undefined) throw new BadRequestError(`There is no event ${JSON.stringify(name)}.`);
    return known;
  });
}

function texts(params: Params): string[] {
  if (!Array.isArray(params.texts)) throw new BadRequestError("texts is no list of texts.");
  const all = params.texts.map((item: unknown) => text({ text: item }, "text", LONGEST_TEXT));
  if (all.join("").length > LONGEST_TEXT) throw new BadRequestError(`texts have more than ${LONGEST_TEXT} characters.`);
  return all;
}

function consoleSize({ columns, rows }: Params): ConsoleSize | null {
  if (columns === undefined && rows === undefined) return null;
  const size = (value: unknown): number => {
    if (typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= LARGEST_CONSOLE) return value;
    throw new BadRequestError(`columns and rows are whole numbers from 1 to ${LARGEST_CONSOLE}.`);
  };
  return { columns: size(columns), rows: size(rows) };
}

function text(params: Params, name: string, longest: number): string {
  const value = params[name];
  if (typeof value !== "string") throw new BadRequestError(`${name} is no text.`);
  if (value.length > longest) {
    throw new BadRequestError(`${name} has more than ${longest} characters.`, "Send it in several parts.");
  }
  return value;
}

function lastOf(all: string, { last }: Params): string {
  if (last === undefined) return all;
  if (typeof last !== "number" || !Number.isSafeInteger(last) || last < 0) {
    throw new BadRequestError("last is no number of characters.");
  }
  return last === 0 ? "" : all.slice(-last);
}
