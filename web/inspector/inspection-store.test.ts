import { describe, expect, it } from "vitest";
import type { BalloonStatus, MachineInspection } from "../../src/ts/api/index.ts";
import { type InspectedMachine, InspectionStore } from "./inspection-store.ts";

/** A machine whose one queue has returned `chains` chains. */
class FakeMachine implements InspectedMachine {
  chains = 0;
  looks = 0;
  asked = 0;
  device = "virtio-balloon";
  failure: Error | null = null;
  targets: number[] = [];

  inspect(): Promise<MachineInspection> {
    if (this.failure !== null) return Promise.reject(this.failure);
    this.looks += 1;
    const queue = { index: 0, ready: true, counts: { chainsReturned: this.chains } };
    return Promise.resolve({ devices: [{ device: this.device, queues: [queue] }], errors: [] } as never);
  }

  balloon(): Promise<BalloonStatus> {
    this.asked += 1;
    return Promise.resolve({ totalBytes: 4, targetBytes: 3, actualBytes: 2, stats: {} });
  }

  setBalloon(memoryBytes: number): Promise<BalloonStatus> {
    this.targets.push(memoryBytes);
    return Promise.resolve({ totalBytes: 4, targetBytes: memoryBytes, actualBytes: 2, stats: {} });
  }
}

function setUp() {
  const machine = new FakeMachine();
  let nowMs = 0;
  const waiting: (() => void)[] = [];
  const store = new InspectionStore(
    () => machine,
    (callback) => {
      waiting.push(callback);
      return () => waiting.splice(waiting.indexOf(callback), 1);
    },
    () => nowMs,
  );
  return {
    machine,
    store,
    waiting,
    /** Lets the time to the next look pass. */
    next: async (elapsedMs = 250): Promise<void> => {
      nowMs += elapsedMs;
      waiting.shift()?.();
      await new Promise((resolve) => setTimeout(resolve));
    },
    settle: () => new Promise((resolve) => setTimeout(resolve)),
  };
}

describe("InspectionStore", () => {
  it("looks as long as it is wanted, and works out how fast a queue goes", async () => {
    const { machine, store, waiting, next, settle } = setUp();
    store.start();
    store.start();
    await settle();
    machine.chains = 100;
    await next(500);
    const queue = store.inspection?.devices[0]?.queues[0];
    if (queue === undefined) throw new Error("no queue");
    expect(store.activity(0, queue)).toEqual([0, 200]);
    expect(machine.looks).toBe(2);
    store.stop();
    expect(waiting).toEqual([]);
  });

  it("a reset of the machine's counters is no speed", async () => {
    const { machine, store, next, settle } = setUp();
    machine.chains = 1000;
    store.start();
    await settle();
    machine.chains = 5;
    await next();
    const queue = store.inspection?.devices[0]?.queues[0];
    expect(queue === undefined ? null : store.activity(0, queue)).toEqual([0, 0]);
  });

  it("asks a balloon only now and then, and no other device", async () => {
    const { machine, store, next, settle } = setUp();
    store.start();
    await settle();
    for (let look = 0; look < 7; look += 1) await next();
    expect([machine.looks, machine.asked]).toEqual([8, 2]);
    machine.device = "virtio-blk";
    for (let look = 0; look < 8; look += 1) await next();
    expect([machine.asked, store.balloon]).toEqual([2, null]);
  });

  it("holds the picture, and goes on", async () => {
    const { machine, store, next, settle } = setUp();
    store.start();
    await settle();
    store.hold(true);
    await next();
    await next();
    expect(machine.looks).toBe(1);
    store.hold(false);
    await next();
    expect(machine.looks).toBe(2);
  });

  it("says why there is nothing to see, and sees again afterwards", async () => {
    const { machine, store, next, settle } = setUp();
    machine.failure = new Error("The machine is not running yet.");
    store.start();
    await settle();
    expect(store).toMatchObject({ inspection: null, trouble: "The machine is not running yet." });
    machine.failure = null;
    await next();
    expect(store.trouble).toBe(null);
    expect(store.inspection?.devices).toHaveLength(1);
  });

  it("sets the balloon", async () => {
    const { machine, store } = setUp();
    await store.setBalloon(1);
    expect(machine.targets).toEqual([1]);
    expect(store.balloon?.targetBytes).toBe(1);
  });
});
