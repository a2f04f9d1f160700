import { expect, it } from "vitest";
import { Pause } from "./pause.ts";

/** The numbers of the pauses that stand, once promises have settled. */
async function settled(pauses: readonly Promise<void>[]): Promise<number[]> {
  const done: number[] = [];
  pauses.forEach((pause, index) => void pause.then(() => done.push(index)));
  await new Promise((resolve) => setImmediate(resolve));
  return done;
}

it("stands at once where nothing is in flight", async () => {
  const pause = new Pause(() => true);
  expect(pause.active).toBe(false);
  expect(await settled([pause.begin()])).toEqual([0]);
  expect(pause.active).toBe(true);
  pause.end();
  expect(pause.active).toBe(false);
});

it("stands when the last request has ended, for everybody who waits", async () => {
  let inFlight = 2;
  const pause = new Pause(() => inFlight === 0);
  const pauses = [pause.begin(), pause.begin()];
  inFlight = 1;
  pause.check();
  expect(await settled(pauses)).toEqual([]);
  inFlight = 0;
  expect(await settled(pauses)).toEqual([]);
  pause.check();
  expect(await settled(pauses)).toEqual([0, 1]);
});

it("can be had again", async () => {
  let inFlight = 0;
  const pause = new Pause(() => inFlight === 0);
  await pause.begin();
  pause.end();
  inFlight = 1;
  pause.check();
  const again = pause.begin();
  expect(await settled([again])).toEqual([]);
  inFlight = 0;
  pause.check();
  expect(await settled([again])).toEqual([0]);
});
