/** One machine in a terminal, from its description to its end. */
import type { MachineConfig } from "../config/machine-config.ts";
import type { MachineLog, MachineServices } from "../machine/services.ts";
import { Machine } from "../machine/machine.ts";
import { Scheduler } from "../worker/scheduler.ts";
import type { Turns } from "../worker/turns.ts";
import { GuestClock } from "../worker/guest-clock.ts";
import type { Character } from "./characters.ts";
import { type EscapeCommand, ESCAPE_HELP, EscapeKeys } from "./escape-keys.ts";
import { Input } from "./input.ts";
import { monitorHost, serveMonitor, type SessionControls, TerminalMonitor } from "./session-monitor.ts";
import type { Terminal } from "./terminal.ts";
import { TypedInput } from "./typed-input.ts";

/** Exit statuses of this program. */
export const EXIT_OK = 0;
/** The command line, a file, or this computer. */
export const EXIT_HOST = 1;
/** The engine broke: ours to repair. */
export const EXIT_ENGINE = 2;

/** How often held input is looked at while the guest does nothing. */
const INPUT_POLL_MS = 200;

export interface SessionHost
  extends Pick<
    MachineServices,
    "wasm" | "readFile" | "openDisk" | "closeDisk" | "openFiles" | "entropy" | "clock" | "network"
  > {
  readonly turns: Turns;
  readonly terminal: Terminal;
  /** The character devices of the command line that are files of this computer, by their ids. */
  readonly characters: ReadonlyMap<string, Character>;
}

/** Guest errors that are requests for what does not exist here (QEMU's class `unimp`). */
const UNIMPLEMENTED = /does not exist|unknown function|not implemented/;

export class Session {
  /** The exit status, once the machine has ended. */
  readonly ended: Promise<number>;
  readonly #config: MachineConfig;
  readonly #host: SessionHost;
  readonly #input: Input;
  readonly #typed: TypedInput;
  #machine: Machine | null = null;
  #scheduler: Scheduler | null = null;
  #monitor: TerminalMonitor | null = null;
  readonly #clock: GuestClock;
  #idles = false;
  #cancelPoll: (() => void) | null = null;
  #end: (status: number) => void = () => undefined;

  constructor(config: MachineConfig, host: SessionHost) {
    this.#config = config;
    this.#host = host;
    this.#clock = new GuestClock(host.clock);
    this.#input = new Input(!host.terminal.inputIsTerminal, host.clock.nowMs());
    this.#typed = new TypedInput(config.typed, host.clock.nowMs());
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  /** Builds the machine and sets it going. Rejects with an error whose message is a sentence for the user. */
  async start(): Promise<void> {
    const { terminal, turns, clock } = this.#host;
    const { wasm, readFile, openDisk, closeDisk, openFiles, entropy, network, characters } = this.#host;
    const machine = await Machine.create(this.#config, {
      wasm,
      clock: this.#clock,
      character: (id) => characters.get(id) ?? null,
      readFile,
      openDisk,
      ...(closeDisk === undefined ? {} : { closeDisk }),
      openFiles,
      entropy,
      network,
      log: this.#log(),
      after: (delayMs, callback) => turns.after(delayMs, callback),
      wake: () => this.#scheduler?.wake(),
    });
    this.#machine = machine;
    machine.serial.onOutput = (bytes) => {
      this.#input.sawOutput(bytes, clock.nowMs());
      this.#typed.sawOutput(bytes, clock.nowMs());
      terminal.write(bytes);
    };
    const { size } = terminal;
    if (size !== null) machine.resizeConsole(size.columns, size.rows);
    const scheduler = new Scheduler(
      machine,
      { nowMs: () => clock.nowMs(), turns },
      {
        onActivity: (activity) => {
          this.#idles = activity === "idle";
          this.#feed();
        },
        onSlice: () => this.#feed(),
        onStopped: (reason) => this.#onStopped(machine, reason),
        onCrashed: (error) => this.#onCrashed(machine, error),
      },
    );
    this.#scheduler = scheduler;
    const keys = new EscapeKeys((command) => this.#onCommand(command));
    terminal.open({
      onInput: (bytes) => this.#onInput(keys.filter(bytes)),
      onOutputPaused: (paused) => {
        machine.setOutputPaused(paused);
        if (!paused) scheduler.wake();
      },
      onResize: (columns, rows) => {
        machine.resizeConsole(columns, rows);
        scheduler.wake();
      },
      onOutputClosed: (error) => {
        terminal.message(`Standard output cannot be written (${error.message}); the machine is turned off.`);
        this.stop(EXIT_HOST);
      },
    });
    const monitor = monitorHost(machine, this.#config, this.#controls(machine, scheduler));
    this.#monitor = new TerminalMonitor(monitor, (text) => terminal.write(Buffer.from(text)));
    const character = characters.get(this.#config.monitor ?? "");
    if (character !== undefined) serveMonitor(character, monitor);
    await Promise.all(Array.from(characters.values(), ({ ready }) => ready));
    scheduler.resume();
  }

  #controls(machine: Machine, scheduler: Scheduler): SessionControls {
    return {
      get paused() {
        return scheduler.paused;
      },
      pause: () => {
        scheduler.pause();
        this.#clock.pause();
      },
      resume: () => {
        this.#clock.resume();
        scheduler.resume();
      },
      reset: () => {
        machine.reset();
        this.#input.restart(this.#host.clock.nowMs());
        scheduler.wake();
      },
      quit: () => this.stop(EXIT_OK),
    };
  }

  /** What was typed goes to the guest, or to the monitor. */
  #onInput(bytes: Uint8Array): void {
    if (this.#monitor?.active === true) {
      this.#monitor.type(bytes);
      return;
    }
    this.#input.push(bytes);
    this.#feed();
  }

  /** Turns the machine off as it is. */
  stop(status: number): void {
    this.#cancelPoll?.();
    this.#scheduler?.dispose();
    this.#machine?.dispose();
    this.#machine = null;
    this.#end(status);
  }

  #log(): MachineLog {
    const { terminal } = this.#host;
    const { log } = this.#config;
    return {
      guestError: (place, detail) => {
        const wanted = log.includes("guest_errors") || (log.includes("unimp") && UNIMPLEMENTED.test(place));
        if (wanted) terminal.message(`guest error: ${place}: ${detail}`);
      },
      hostError: (place, detail) => terminal.message(`${place}: ${detail}`),
      info: (message) => terminal.message(message),
    };
  }

  #feed(): void {
    const { terminal, clock, turns } = this.#host;
    const machine = this.#machine;
    if (machine === null) return;
    const receive = (bytes: Uint8Array): number => machine.serial.receive(bytes);
    let took = false;
    if (!this.#typed.isDone()) {
      took = this.#typed.feed(receive, this.#idles, clock.nowMs());
      // Then it is the pipe's turn, at the next prompt.
      if (this.#typed.isDone()) this.#input.restart(clock.nowMs());
    }
    if (this.#typed.isDone() || terminal.inputIsTerminal) {
      took = this.#input.feed(receive, this.#idles, clock.nowMs()) || took;
    }
    if (took) this.#scheduler?.wake();
    terminal.pauseInput(this.#input.full);
    // While the guest sleeps nobody else asks again.
    if (this.#input.waiting || !this.#typed.isDone()) {
      this.#cancelPoll ??= turns.after(INPUT_POLL_MS, () => {
        this.#cancelPoll = null;
        this.#feed();
      });
    }
  }

  #onCommand(command: EscapeCommand): void {
    const { terminal } = this.#host;
    switch (command) {
      case "quit":
        this.stop(EXIT_OK);
        break;
      case "monitor":
        this.#monitor?.toggle();
        break;
      case "help":
        terminal.message(`keys:\n${ESCAPE_HELP}`);
        break;
    }
  }

  #onStopped(machine: Machine, reason: "power-off" | "reset"): void {
    if (reason === "reset" && this.#config.log.includes("cpu_reset")) {
      this.#host.terminal.message(`the guest resets the machine:\n${machine.report()}`);
    }
    if (reason === "power-off" || this.#config.noReboot) {
      this.stop(EXIT_OK);
      return;
    }
    machine.reset();
    this.#input.restart(this.#host.clock.nowMs());
    this.#scheduler?.resume();
  }

  #onCrashed(machine: Machine, error: unknown): void {
    const trace = error instanceof Error ? (error.stack ?? error.message) : String(error);
    let report: string;
    try {
      report = machine.report();
    } catch (reportError) {
      report = `(no report of the machine: ${String(reportError)})`;
    }
    this.#host.terminal.message(`The engine broke, which is our fault. Please report this:\n${trace}\n\n${report}`);
    this.stop(EXIT_ENGINE);
  }
}
