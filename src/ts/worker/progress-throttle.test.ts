import { expect, it } from "vitest";
import { ProgressThrottle } from "./progress-throttle.ts";
import { ManualTurns } from "./testing/manual-turns.ts";

it("reports seldom, but always the last there is, and at once what has to be said", () => {
  const turns = new ManualTurns();
  const reports: (number | string)[] = [];
  const throttle = new ProgressThrottle({
    nowMs: () => turns.nowMs,
    after: (delayMs, callback) => turns.after(delayMs, callback),
    onProgress: ({ loadedBytes, note }) => reports.push(note ?? loadedBytes),
  });
  const report = (loadedBytes: number, note: string | null = null): void =>
    throttle.report({ name: "Image", loadedBytes, totalBytes: 100, note });
  for (const loaded of [0, 10, 20, 30]) report(loaded);
  expect(reports).toEqual([0]);
  turns.advance(50);
  expect(reports).toEqual([0, 30]);
  turns.advance(1000);
  expect(reports).toEqual([0, 30]);
  report(40);
  report(40, "lost");
  report(50);
  report(100);
  throttle.flush();
  throttle.flush();
  turns.advance(1000);
  expect(reports).toEqual([0, 30, 40, "lost", 50, 100]);
});
