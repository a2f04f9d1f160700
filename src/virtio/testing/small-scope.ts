/**
 * A breadth-first search through every interleaving of a driver, a device and its backend on a tiny ring. The ring
 * walker is the real one; its memory is put back to what it was before each step.
 */
import { VQ_BASE } from "../../wasm/layout.ts";
import { CHAIN_HEAD, CHAIN_PACKED, VQ_FLAG_EVENT_IDX, VQ_FLAG_PACKED } from "../spec/walker.ts";
import { GUEST_RAM_BASE, loadRingEngine } from "./engine.ts";
import { GuestRam } from "./guest-ram.ts";
import { RingBench } from "./ring-bench.ts";
import { type DriverMemory, type SmallDriver, SmallPackedDriver, SmallSplitDriver } from "./small-scope-driver.ts";

/** What is searched. */
export interface Scope {
  readonly size: number;
  readonly packed: boolean;
  readonly eventIdx: boolean;
  /** Chains that the driver adds in all. */
  readonly chains: number;
  /** A mistake to find: one actor sleeps without looking whether something came just before it asked to be woken. */
  readonly careless?: "driver" | "device";
}

/** Where each actor is; a state is this, the walker's slot and the rings. */
interface Actors {
  driver: "idle" | "added" | "interrupted" | "collecting" | "rearming" | "rechecking";
  device: "idle" | "notified" | "taking" | "arming";
  /** The backend has returned chains that are not published yet. */
  backend: "idle" | "returned";
  kick: boolean;
  interrupt: boolean;
  /** Chains that the driver may still add. */
  left: number;
  /** Chains that the device holds: {head, packed}. */
  held: { head: number; packed: number }[];
  memory: DriverMemory;
}

interface State {
  readonly actors: Actors;
  readonly bytes: Uint8Array;
}

type Step = (actors: Actors) => void;

/** What the search found. */
export interface Findings {
  readonly states: number;
  /** States in which everybody sleeps although something is to be done: how they were reached. */
  readonly stuck: readonly string[];
}

const RAM_BYTES = 0x1_0000;
/** All rings lie in the first bytes of RAM. */
const RING_BYTES = 0x200;
const SLOT_BYTES = 256;
/** Of a split ring, so that the indices go over 65535. */
const START_INDEX = 0xfffe;

export class SmallScope {
  private readonly scope: Scope;
  private readonly bench: RingBench;
  private readonly driver: SmallDriver;
  private readonly slot: Uint8Array;
  private readonly rings: Uint8Array;
  private readonly generation: number;
  private readonly first: DriverMemory;

  constructor(scope: Scope) {
    this.scope = scope;
    this.bench = new RingBench(loadRingEngine(RAM_BYTES));
    const { engine, queue } = this.bench;
    const place = { desc: GUEST_RAM_BASE, driver: GUEST_RAM_BASE + 0x80, device: GUEST_RAM_BASE + 0xc0 };
    const flags = (scope.eventIdx ? VQ_FLAG_EVENT_IDX : 0) | (scope.packed ? VQ_FLAG_PACKED : 0);
    const refusal = this.bench.enable(scope.size, place, flags);
    if (refusal !== 0) throw new Error(`the ring is refused: ${refusal}`);
    const ram = new GuestRam(engine);
    if (scope.packed) {
      const driver = new SmallPackedDriver(ram, scope.size, place, scope.eventIdx);
      this.first = driver.start();
      this.driver = driver;
    } else {
      engine.vq_restore(queue, START_INDEX, START_INDEX, START_INDEX, 0);
      const driver = new SmallSplitDriver(ram, scope.size, place, scope.eventIdx);
      this.first = driver.start(START_INDEX);
      this.driver = driver;
    }
    this.generation = engine.vq_generation(queue) >>> 0;
    const buffer = engine.memory.buffer as ArrayBuffer;
    this.slot = new Uint8Array(buffer, VQ_BASE + queue * SLOT_BYTES, SLOT_BYTES);
    this.rings = new Uint8Array(buffer, engine.vq_ram_base() >>> 0, RING_BYTES);
  }

  /** Searches until there are no new states. Throws where the walker reports a violation. */
  search(): Findings {
    const { engine, queue } = this.bench;
    // A device asks for notifications when its queue comes up.
    engine.vq_arm(queue);
    const actors: Actors = {
      driver: "idle",
      device: "idle",
      backend: "idle",
      kick: false,
      interrupt: false,
      left: this.scope.chains,
      held: [],
      memory: this.first,
    };
    const seen = new Map<string, string>();
    const stuck: string[] = [];
    let frontier: State[] = [this.capture(actors)];
    seen.set(this.key(frontier[0] as State), "");
    while (frontier.length > 0) {
      const next: State[] = [];
      for (const state of frontier) {
        const path = seen.get(this.key(state)) ?? "";
        const steps = this.steps(state);
        if (!steps.some(([name]) => !name.startsWith("add")) && this.isUnfinished(state)) stuck.push(path);
        for (const [name, step] of steps) {
          this.restore(state);
          const copy = structuredClone(state.actors);
          step(copy);
          const reached = this.capture(copy);
          const key = this.key(reached);
          if (seen.has(key)) continue;
          seen.set(key, `${path} ${name}`);
          next.push(reached);
        }
      }
      frontier = next;
    }
    return { states: seen.size, stuck };
  }

  private capture(actors: Actors): State {
    const bytes = new Uint8Array(SLOT_BYTES + RING_BYTES);
    bytes.set(this.slot);
    bytes.set(this.rings, SLOT_BYTES);
    return { actors, bytes };
  }

  private restore({ bytes }: State): void {
    this.slot.set(bytes.subarray(0, SLOT_BYTES));
    this.rings.set(bytes.subarray(SLOT_BYTES));
  }

  private key({ actors, bytes }: State): string {
    return JSON.stringify(actors) + Buffer.from(bytes).toString("latin1");
  }

  /** Chains that wait for the device, or for the driver, while nobody is on the way to them. */
  private isUnfinished(state: State): boolean {
    this.restore(state);
    const { engine, queue } = this.bench;
    return engine.vq_pending(queue) !== 0 || this.driver.hasUsed(state.actors.memory);
  }

  /** Every step that some actor can take. */
  private steps(state: State): [string, Step][] {
    this.restore(state);
    return [...this.driverSteps(state.actors), ...this.deviceSteps(state.actors), ...this.backendSteps(state.actors)];
  }

  private driverSteps(actors: Actors): [string, Step][] {
    const { driver } = this;
    const add = [1, 2]
      .filter((count) => actors.left > 0 && driver.room(actors.memory) >= count)
      .map((count): [string, Step] => [
        `add${count}`,
        (next) => {
          driver.add(next.memory, count);
          next.left -= 1;
          next.driver = "added";
        },
      ]);
    switch (actors.driver) {
      case "idle": {
        const handle: Step = (next) => {
          next.interrupt = false;
          next.driver = "interrupted";
        };
        return actors.interrupt ? [...add, ["interrupt", handle]] : add;
      }
      case "added":
        return [
          // Several chains may go before one notification.
          ...add,
          [
            "kick?",
            (next) => {
              if (driver.mustKick(next.memory)) next.kick = true;
              next.driver = "idle";
            },
          ],
        ];
      case "interrupted":
        return [
          [
            "refuse",
            (next) => {
              driver.refuseInterrupts(next.memory);
              next.driver = "collecting";
            },
          ],
        ];
      case "collecting":
        return [
          [
            "take?",
            (next) => {
              if (driver.hasUsed(next.memory)) driver.take(next.memory);
              else next.driver = "rearming";
            },
          ],
        ];
      case "rearming":
        return [
          [
            "ask",
            (next) => {
              driver.askForInterrupts(next.memory);
              next.driver = "rechecking";
            },
          ],
        ];
      case "rechecking":
        return [
          [
            "recheck",
            (next) => {
              const more = driver.hasUsed(next.memory) && this.scope.careless !== "driver";
              next.driver = more ? "interrupted" : "idle";
            },
          ],
        ];
    }
  }

  private deviceSteps(actors: Actors): [string, Step][] {
    const { engine, queue } = this.bench;
    switch (actors.device) {
      case "idle":
        if (!actors.kick) return [];
        return [
          [
            "notified",
            (next) => {
              next.kick = false;
              next.device = "notified";
            },
          ],
        ];
      case "notified":
        return [
          ["serve", (next) => void (next.device = "taking")],
          [
            "disarm",
            (next) => {
              engine.vq_disarm(queue);
              next.device = "taking";
            },
          ],
        ];
      case "taking":
        return [["pop", (next) => this.pop(next)]];
      case "arming":
        return [
          [
            "arm",
            (next) => {
              const more = engine.vq_arm(queue) !== 0 && this.scope.careless !== "device";
              next.device = more ? "taking" : "idle";
            },
          ],
        ];
    }
  }

  private pop(next: Actors): void {
    const { engine, queue } = this.bench;
    const record = engine.vq_pop(queue);
    if (record < 0) throw new Error(`the walker reports ${record} to a driver that keeps the rules`);
    if (record === 0) {
      next.device = "arming";
      return;
    }
    const view = new DataView(engine.memory.buffer as ArrayBuffer, record);
    next.held.push({ head: view.getUint32(CHAIN_HEAD, true), packed: view.getUint32(CHAIN_PACKED, true) });
  }

  private backendSteps(actors: Actors): [string, Step][] {
    const { engine, queue } = this.bench;
    const steps = actors.held.map(({ head, packed }, index): [string, Step] => [
      `return${index}`,
      (next) => {
        if (engine.vq_push(queue, this.generation, head, 1, packed) !== 1) throw new Error("a held chain was dead");
        next.held.splice(index, 1);
        next.backend = "returned";
      },
    ]);
    if (actors.backend === "idle") return steps;
    const flush: Step = (next) => {
      if (engine.vq_flush(queue) !== 0) next.interrupt = true;
      next.backend = "idle";
    };
    return [...steps, ["flush", flush]];
  }
}
