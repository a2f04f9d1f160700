/** QEMU's own devices, driven register by register through its qtest protocol: what the tests here compare with. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { AccessSize } from "../host.ts";

const LETTER = { 1: "b", 2: "w", 4: "l" } as const;

/** A QEMU `virt` machine whose CPU is stopped. */
export class Qtest {
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #directory: string;
  readonly #waiting: ((line: string) => void)[] = [];
  #serial: Socket | undefined;
  /** Everything the guest's UART has transmitted. */
  serialOutput = "";

  private constructor(directory: string, args: string[]) {
    this.#directory = directory;
    const serial = ["-chardev", `socket,id=serial,path=${join(directory, "serial")},server=on,wait=off`];
    const common = ["-M", "virt", "-cpu", "cortex-a57", "-m", "64", "-nodefaults", "-display", "none"];
    const qtest = ["-S", "-qtest", "stdio", "-qtest-log", "/dev/null"];
    this.#process = spawn("qemu-system-aarch64", [
      ...common,
      ...serial,
      "-serial",
      "chardev:serial",
      ...qtest,
      ...args,
    ]);
    createInterface({ input: this.#process.stdout }).on("line", (line) => {
      if (!line.startsWith("IRQ")) this.#waiting.shift()?.(line);
    });
    let complaint = "";
    this.#process.stderr.on("data", (data) => {
      complaint += String(data);
    });
    this.#process.once("exit", () => {
      for (const answer of this.#waiting.splice(0)) answer(`QEMU has ended: ${complaint}`);
    });
  }

  /** Starts QEMU; `args` are added to its command line. */
  static async start(...args: string[]): Promise<Qtest> {
    const qtest = new Qtest(mkdtempSync(join(tmpdir(), "armlet-qtest-")), args);
    await qtest.command("endianness");
    await qtest.#connectSerial();
    return qtest;
  }

  async #connectSerial(): Promise<void> {
    const socket = connect(join(this.#directory, "serial"));
    await new Promise<void>((resolve, reject) => {
      socket.once("connect", resolve).once("error", reject);
    });
    socket.on("data", (data) => {
      this.serialOutput += data.toString("latin1");
    });
    this.#serial = socket;
  }

  /** Sends one line and returns what follows "OK". */
  async command(line: string): Promise<string> {
    const answer = new Promise<string>((resolve) => this.#waiting.push(resolve));
    this.#process.stdin.write(`${line}\n`);
    const text = await answer;
    if (!text.startsWith("OK")) throw new Error(`qtest: ${line}: ${text}`);
    return text.slice(3);
  }

  async read(gpa: number, size: AccessSize): Promise<number> {
    return Number(await this.command(`read${LETTER[size]} 0x${gpa.toString(16)}`));
  }

  async write(gpa: number, size: AccessSize, value: number): Promise<void> {
    await this.command(`write${LETTER[size]} 0x${gpa.toString(16)} 0x${value.toString(16)}`);
  }

  async readMemory(gpa: number, sizeBytes: number): Promise<Uint8Array> {
    const text = await this.command(`read 0x${gpa.toString(16)} 0x${sizeBytes.toString(16)}`);
    return new Uint8Array(Buffer.from(text.slice(2), "hex"));
  }

  async writeMemory(gpa: number, bytes: Uint8Array): Promise<void> {
    const data = Buffer.from(bytes).toString("hex");
    await this.command(`write 0x${gpa.toString(16)} 0x${bytes.length.toString(16)} 0x${data}`);
  }

  /** Types into the UART; resolves when that has taken in what it can. */
  async type(bytes: Uint8Array): Promise<void> {
    await new Promise<void>((resolve) => this.#serial?.write(bytes, () => resolve()));
    // QEMU takes one character in a turn of its loop, and serves each of these in a turn of its own.
    for (let turns = 0; turns < bytes.length + 2; turns++) await this.command("endianness");
  }

  /** Ends QEMU. */
  async stop(): Promise<void> {
    this.#serial?.destroy();
    const ended = new Promise((resolve) => this.#process.once("exit", resolve));
    this.#process.stdin.end();
    this.#process.kill();
    await ended;
    rmSync(this.#directory, { recursive: true });
  }
}
