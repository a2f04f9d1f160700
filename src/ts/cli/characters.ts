/** Character devices of a machine in a terminal: UNIX sockets, named pipes and files. */
import { closeSync, constants, lstatSync, openSync, unlinkSync, writeSync } from "node:fs";
import { createConnection, createServer, type Server, Socket } from "node:net";
import type { CharBackend, CharFrontend } from "../../virtio/backends.ts";
import type { CharDeviceConfig } from "../config/machine-config.ts";
import { errorCode, fileError, HostError } from "./host-error.ts";

/** Output that the other side has not taken yet, above which the guest's stream waits. */
const HIGH_WATER_BYTES = 64 * 1024;

/** Programs that wait for their turn with a socket. */
const MAX_WAITING = 8;

/** A character device that this process has open. */
export interface Character extends CharBackend {
  /** Resolves when the machine may start: for a server that waits, when somebody has connected. */
  readonly ready: Promise<void>;
  close(): void;
}

/** Opens the character devices that are files of this computer. Rejects with a sentence for the user. */
export async function openCharacters(
  chardevs: readonly CharDeviceConfig[],
  say: (sentence: string) => void,
): Promise<Map<string, Character>> {
  const opened = new Map<string, Character>();
  try {
    for (const chardev of chardevs) {
      if ("path" in chardev) opened.set(chardev.id, await openCharacter(chardev, say));
    }
  } catch (error) {
    for (const character of opened.values()) character.close();
    throw error;
  }
  return opened;
}

async function openCharacter(
  chardev: Extract<CharDeviceConfig, { readonly path: string }>,
  say: (sentence: string) => void,
): Promise<Character> {
  const { path } = chardev;
  switch (chardev.kind) {
    case "file":
      return new FileCharacter(path, say);
    case "pipe":
      return openPipe(path);
    case "socket":
      return chardev.server ? await listen(path, chardev.wait) : await connect(path);
  }
}

/** A stream with another program, which may come and go. */
class StreamCharacter implements Character {
  readonly ready: Promise<void>;
  readonly #onClose: () => void;
  #incoming: Socket | null = null;
  #outgoing: Socket | null = null;
  #frontend: CharFrontend | null = null;
  readonly #waiting: Socket[] = [];
  /** What the guest had no room for. */
  #rest: Uint8Array = new Uint8Array();
  #hasRoom = false;
  #feeding = false;
  #arrived: () => void = () => undefined;

  constructor(wait: boolean, onClose: () => void) {
    this.#onClose = onClose;
    this.ready = wait
      ? new Promise((resolve) => {
          this.#arrived = resolve;
        })
      : Promise.resolve();
  }

  get open(): boolean {
    return this.#outgoing !== null;
  }

  attach(frontend: CharFrontend): void {
    this.#frontend = frontend;
  }

  /** Somebody has connected. One at a time is served; others wait until it has gone, as with QEMU. */
  join(incoming: Socket, outgoing: Socket = incoming): void {
    // Whoever is gone is gone: what the guest writes then is dropped, as by QEMU.
    for (const socket of new Set([incoming, outgoing])) socket.on("error", () => socket.destroy());
    if (this.#outgoing !== null) {
      if (this.#waiting.length < MAX_WAITING) this.#waiting.push(incoming);
      else incoming.destroy();
      return;
    }
    this.#serve(incoming, outgoing);
  }

  #serve(incoming: Socket, outgoing: Socket): void {
    this.#incoming = incoming;
    this.#outgoing = outgoing;
    incoming.on("data", (bytes) => this.#onData(bytes));
    outgoing.on("drain", () => this.#frontend?.outputRoom());
    for (const socket of new Set([incoming, outgoing])) socket.on("close", () => this.#leave(socket));
    this.#arrived();
    this.#frontend?.setOpen(true);
  }

  #leave(socket: Socket): void {
    if (socket !== this.#incoming && socket !== this.#outgoing) return;
    this.#incoming = null;
    this.#outgoing = null;
    this.#rest = new Uint8Array();
    this.#frontend?.setOpen(false);
    let next = this.#waiting.shift();
    while (next?.destroyed === true) next = this.#waiting.shift();
    if (next !== undefined) this.#serve(next, next);
  }

  #onData(bytes: Uint8Array): void {
    // Node reads into memory that it uses again.
    this.#rest = this.#rest.length === 0 ? Uint8Array.from(bytes) : Buffer.concat([this.#rest, bytes]);
    this.#feed();
  }

  #feed(): void {
    // The device may say that it has room again before it has said how much it took.
    this.#hasRoom = true;
    if (this.#feeding) return;
    this.#feeding = true;
    while (this.#hasRoom && this.#rest.length > 0) {
      this.#hasRoom = false;
      this.#rest = this.#rest.subarray(this.#frontend?.input(this.#rest) ?? 0);
    }
    this.#feeding = false;
    if (this.#rest.length > 0) this.#incoming?.pause();
    else this.#incoming?.resume();
  }

  inputRoom(): void {
    if (this.#rest.length > 0) this.#feed();
  }

  output(bytes: Uint8Array): number {
    const socket = this.#outgoing;
    if (socket === null) return bytes.length;
    if (socket.writableLength > HIGH_WATER_BYTES) return 0;
    socket.write(Uint8Array.from(bytes));
    return bytes.length;
  }

  close(): void {
    for (const socket of this.#waiting.splice(0)) socket.destroy();
    this.#incoming?.destroy();
    this.#outgoing?.destroy();
    this.#onClose();
  }
}

async function listen(path: string, wait: boolean): Promise<Character> {
  removeSocket(path);
  const server: Server = createServer({ allowHalfOpen: false });
  const character = new StreamCharacter(wait, () => server.close());
  server.on("connection", (socket) => character.join(socket));
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => reject(socketError(path, error)));
    server.listen(path, resolve);
  });
  return character;
}

/** What a process that is gone left behind stands in the way; other files than sockets stay. */
function removeSocket(path: string): void {
  try {
    if (lstatSync(path).isSocket()) unlinkSync(path);
  } catch (error) {
    if (errorCode(error) !== "ENOENT") throw socketError(path, error);
  }
}

async function connect(path: string): Promise<Character> {
  const socket = createConnection(path);
  await new Promise<void>((resolve, reject) => {
    socket.once("error", (error) => reject(socketError(path, error)));
    socket.once("connect", resolve);
  });
  const character = new StreamCharacter(false, () => undefined);
  character.join(socket);
  return character;
}

function socketError(path: string, error: unknown): HostError {
  const reason = error instanceof Error ? error.message : String(error);
  return new HostError(`The socket ${path} cannot be used: ${reason}.`, { cause: error });
}

/** As QEMU: FILE.in is read and FILE.out written. Both must be there (mkfifo). */
function openPipe(path: string): Character {
  const character = new StreamCharacter(false, () => undefined);
  const [incoming, outgoing] = ["in", "out"].map((end) => {
    const name = `${path}.${end}`;
    try {
      // Open for both, a named pipe waits for nobody.
      return new Socket({
        fd: openSync(name, constants.O_RDWR | constants.O_NONBLOCK),
        readable: end === "in",
        writable: end === "out",
      });
    } catch (error) {
      throw fileError(name, error);
    }
  });
  if (incoming !== undefined && outgoing !== undefined) character.join(incoming, outgoing);
  return character;
}

/** A file that output is written to. */
class FileCharacter implements Character {
  readonly open = true;
  readonly ready = Promise.resolve();
  readonly #path: string;
  readonly #say: (sentence: string) => void;
  #descriptor: number | null;

  constructor(path: string, say: (sentence: string) => void) {
    this.#path = path;
    this.#say = say;
    try {
      this.#descriptor = openSync(path, "w");
    } catch (error) {
      throw fileError(path, error);
    }
  }

  attach(): void {
    // Nothing is ever read from it.
  }

  output(bytes: Uint8Array): number {
    if (this.#descriptor === null) return bytes.length;
    try {
      for (let done = 0; done < bytes.length; ) done += writeSync(this.#descriptor, bytes, done);
    } catch (error) {
      this.close();
      this.#say(
        `What the guest writes to this character device is dropped from now on. ${fileError(this.#path, error).message}`,
      );
    }
    return bytes.length;
  }

  close(): void {
    if (this.#descriptor !== null) closeSync(this.#descriptor);
    this.#descriptor = null;
  }
}
