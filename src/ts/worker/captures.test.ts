import { describe, expect, it } from "vitest";
import { Captures, MAX_CAPTURE_BYTES } from "./captures.ts";

const capture = (id: string) => ({ id, netdev: "n", file: `${id}.pcap`, maxBytes: 65_536, queue: "all" as const });

describe("captures of a worker", () => {
  it("are files at any time, of all that was written", async () => {
    const captures = new Captures(() => undefined);
    const sink = captures.open(capture("a"));
    const bytes = Uint8Array.of(1, 2, 3);
    sink.write(bytes);
    // What it was given may be used again.
    bytes.fill(9);
    expect(new Uint8Array((await captures.file("a")?.arrayBuffer()) ?? new ArrayBuffer(0))).toEqual(
      Uint8Array.of(1, 2, 3),
    );
    sink.write(new Uint8Array(3 * 2 ** 20));
    sink.close();
    expect(captures.file("a")?.size).toBe(3 + 3 * 2 ** 20);
    expect(captures.file("b")).toBeNull();
  });

  it("end at their limit, and the user is told once", () => {
    const said: string[] = [];
    const captures = new Captures((sentence) => said.push(sentence));
    const sink = captures.open(capture("a"));
    const piece = new Uint8Array(16 * 2 ** 20);
    let pieces = 0;
    while (sink.write(piece)) pieces += 1;
    expect(sink.write(Uint8Array.of(1))).toBe(false);
    expect(pieces).toBe(MAX_CAPTURE_BYTES / piece.length);
    expect(said).toEqual(["The capture a.pcap has reached 512 MiB and ends there. What it has can be saved."]);
  });
});
