import { createConnection, createServer } from "node:net";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { immediateTurns } from "./immediate-turns.ts";

describe("immediateTurns", () => {
  it("lets a socket and a timer have their turn between any two of a guest that never rests", async () => {
    const folder = mkdtempSync(join(tmpdir(), "armlet-turns-"));
    const turns = immediateTurns();
    let count = 0;
    let [timerAt, answeredAt] = [0, 0];
    const server = createServer((socket) => socket.pipe(socket));
    try {
      await new Promise<void>((resolve) => server.listen(join(folder, "socket"), resolve));
      await new Promise<void>((resolve) => {
        const socket = createConnection(join(folder, "socket"), () => socket.write("info"));
        socket.once("data", () => {
          answeredAt = count;
          socket.destroy();
        });
        setTimeout(() => {
          timerAt = count;
        }, 1);
        const slice = (): void => {
          count += 1;
          const untilMs = performance.now() + 1;
          while (performance.now() < untilMs);
          if (count === 500 || (timerAt > 0 && answeredAt > 0)) resolve();
          else turns.post(slice);
        };
        turns.post(slice);
      });
      expect(timerAt).toBeGreaterThan(0);
      // Connecting, accepting, writing and reading there and back are turns of the event loop.
      expect(answeredAt).toBeGreaterThan(0);
      expect(answeredAt).toBeLessThan(100);
    } finally {
      turns.dispose();
      server.close();
      rmSync(folder, { recursive: true });
    }
  });

  it("calls the last callback that was posted, once, and none after dispose", async () => {
    const turns = immediateTurns();
    const calls: string[] = [];
    turns.post(() => calls.push("first"));
    turns.post(() => calls.push("second"));
    await vi.waitFor(() => expect(calls).toEqual(["second"]));
    const cancel = turns.after(1, () => calls.push("timer"));
    cancel();
    turns.post(() => calls.push("late"));
    turns.dispose();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(calls).toEqual(["second"]);
  });
});
