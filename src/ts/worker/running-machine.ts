import type { MachineRequest, MachineRequestName, MachineRequests } from "../protocol/inspection.ts";
import type { FromWorker, StopReason } from "../protocol/messages.ts";
import type { WorkerServices } from "./blueprint.ts";
import type { GuestClock } from "./guest-clock.ts";
import type { GuestMachine } from "./guest-machine.ts";
import { InputQueue } from "./input-queue.ts";
import { Metrics } from "./metrics.ts";
import { OutputGate } from "./output-gate.ts";
import { requestPowerOff } from "./power-off.ts";
import { Scheduler } from "./scheduler.ts";
import type { Turns } from "./turns.ts";
import { unknownName } from "./unknown-name.ts";

/** What a question of the page comes to. */
export type MachineResult = MachineRequests[MachineRequestName]["result"];

export interface RunningMachineHost {
  readonly turns: Turns;
  post(message: FromWorker): void;
  nowMs(): number;
  /** The guest stands still: paused, off or broken. */
  onHalted(): void;
}

/** A machine and what keeps it going: scheduler, serial port both ways, metrics, power button. */
export class RunningMachine {
  /** For the machine's services: exists before the machine does. */
  readonly log: WorkerServices["log"];
  readonly #host: RunningMachineHost;
  readonly #clock: GuestClock;
  readonly #noReboot: boolean;
  readonly #input = new InputQueue();
  readonly #gate: OutputGate;
  #guest: GuestMachine | null = null;
  #scheduler: Scheduler | null = null;
  #metrics: Metrics | null = null;
  #stopped = false;
  #crashReport: string | null = null;
  #serialBytes = 0;
  #cancelPowerOff: (() => void) | null = null;

  constructor(host: RunningMachineHost, clock: GuestClock, noReboot: boolean) {
    this.#host = host;
    this.#clock = clock;
    this.#noReboot = noReboot;
    this.log = {
      guestError: (place, detail) => host.post({ kind: "log", level: "guest-error", text: `${place}: ${detail}` }),
      hostError: (place, detail) => host.post({ kind: "log", level: "host-error", text: `${place}: ${detail}` }),
      info: (text) => host.post({ kind: "log", level: "info", text }),
    };
    this.#gate = new OutputGate({
      send: (bytes) => host.post({ kind: "serial-output", bytes }),
      setPaused: (paused) => {
        this.#guest?.setOutputPaused(paused);
        if (!paused) this.wake();
      },
      onDropped: () => this.log.info("The guest writes faster than its console can show; some output was dropped."),
    });
  }

  get crashed(): boolean {
    return this.#crashReport !== null;
  }

  /** Takes the machine over and runs it. */
  start(guest: GuestMachine, columns: number, rows: number): void {
    this.#guest = guest;
    guest.serial.onOutput = (bytes) => {
      this.#serialBytes += bytes.length;
      this.#gate.push(bytes);
    };
    guest.resizeConsole(columns, rows);
    this.#metrics = new Metrics(
      this.#host.nowMs(),
      () => guest.stats(),
      (metrics) => this.#host.post({ kind: "metrics", ...metrics }),
    );
    this.#scheduler = new Scheduler(guest, this.#host, {
      onActivity: (activity) => {
        if (activity === "idle") this.#metrics?.settle(this.#host.nowMs());
        this.#host.post({ kind: "state", state: activity, stopReason: null });
      },
      onSlice: (busyMs) => this.#afterSlice(guest, busyMs),
      onStopped: (reason) => this.#onGuestStopped(guest, reason),
      onCrashed: (error) => this.#onCrashed(guest, error),
    });
    this.#clock.resume();
    this.#scheduler.resume();
  }

  wake(): void {
    this.#scheduler?.wake();
  }

  receive(bytes: Uint8Array): void {
    // A machine that is off has nobody to read; typed ahead of a pause, it arrives afterwards.
    if (this.#stopped || this.crashed) return;
    this.#input.push(bytes);
    this.#feed();
  }

  acknowledge(byteCount: number): void {
    this.#gate.acknowledge(byteCount);
  }

  resize(columns: number, rows: number): void {
    this.#guest?.resizeConsole(columns, rows);
    this.wake();
  }

  pause(): void {
    if (this.#stopped || this.crashed || this.#scheduler?.paused !== false) return;
    this.#halt();
    this.#host.post({ kind: "state", state: "paused", stopReason: null });
    this.#host.onHalted();
  }

  resume(): void {
    if (this.#stopped || this.crashed) return;
    this.#clock.resume();
    this.#metrics?.skipTo(this.#host.nowMs());
    this.#scheduler?.resume();
  }

  /** As the reset button: the machine starts over, also one that was paused or off. */
  reset(): void {
    this.#cancelPowerOff?.();
    this.#cancelPowerOff = null;
    this.#input.clear();
    this.#guest?.reset();
    this.#gate.reapply();
    this.#stopped = false;
    this.resume();
    this.wake();
  }

  /** As the power button: see requestPowerOff. A paused machine runs on to hear it. */
  powerOff(): void {
    const guest = this.#guest;
    if (guest === null || this.#stopped || this.crashed) return;
    this.#cancelPowerOff?.();
    this.resume();
    this.#cancelPowerOff = requestPowerOff(
      {
        pressPowerKey: () => {
          guest.pressPowerKey();
          this.wake();
        },
        instructions: () => guest.stats().instructions,
        serialBytes: () => this.#serialBytes,
        forceOff: () => this.stop("forced"),
      },
      this.#host.turns,
    );
  }

  stop(reason: StopReason): void {
    if (this.#stopped || this.crashed) return;
    this.#halt();
    this.#stopped = true;
    this.#cancelPowerOff?.();
    this.#cancelPowerOff = null;
    this.#host.post({ kind: "state", state: "stopped", stopReason: reason });
    this.#host.onHalted();
  }

  /** The machine's answer to a question of the page, at once if it can. Throws or rejects with a sentence for the user. */
  answer(request: Exclude<MachineRequest, { name: "capture" | "files" }>): MachineResult | Promise<MachineResult> {
    const guest = this.#guest;
    if (guest === null) throw new Error("the machine is gone");
    switch (request.name) {
      case "inspect":
        return guest.inspect();
      case "balloon":
        return guest.balloon(request.memoryBytes);
      case "set-link":
        if (!guest.setLink(request.cable, request.up)) throw unknownName("network", request.cable, "-netdev …,id=");
        this.wake();
        return null;
      case "attach-disk": {
        const { content: _, ...disk } = request.disk;
        return guest.disks.attach({ ...disk, format: null, sha256: null });
      }
      case "detach-disk":
        return guest.disks.detach(request.drive).then(() => null);
      case "eject-disk":
        return guest.disks.eject(request.drive, request.force);
    }
  }

  report(): string {
    return this.#crashReport ?? this.#guest?.report() ?? "";
  }

  dispose(): void {
    this.#cancelPowerOff?.();
    this.#scheduler?.dispose();
    this.#guest?.dispose();
    this.#guest = null;
  }

  /** No further slice; what the guest said so far goes out. */
  #halt(): void {
    this.#scheduler?.pause();
    this.#clock.pause();
    this.#gate.flush();
    this.#metrics?.settle(this.#host.nowMs());
  }

  #feed(): void {
    const guest = this.#guest;
    if (guest === null || this.#input.empty) return;
    if (this.#input.drain((bytes) => guest.serial.receive(bytes))) this.wake();
  }

  #afterSlice(guest: GuestMachine, busyMs: number): void {
    this.#gate.flush();
    if (!this.#input.empty && this.#input.drain((bytes) => guest.serial.receive(bytes))) this.wake();
    this.#metrics?.addSlice(busyMs, this.#host.nowMs());
  }

  #onGuestStopped(guest: GuestMachine, reason: "power-off" | "reset"): void {
    if (reason === "power-off" || this.#noReboot) {
      this.stop(reason);
      return;
    }
    guest.reset();
    this.#gate.reapply();
    this.#scheduler?.resume();
  }

  #onCrashed(guest: GuestMachine, error: unknown): void {
    this.#clock.pause();
    this.#gate.flush();
    this.#cancelPowerOff?.();
    const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    const stack = error instanceof Error && error.stack !== undefined ? error.stack : "";
    let machine: string;
    try {
      machine = guest.report();
    } catch (reportError) {
      machine = `(no report of the machine: ${String(reportError)})`;
    }
    this.#crashReport = `${message}\n${stack}\n\n${machine}`;
    this.#host.post({ kind: "crashed", message, report: this.#crashReport });
    this.#host.onHalted();
  }
}
