import { describe, expect, it } from "vitest";
import { type EscapeCommand, EscapeKeys } from "./escape-keys.ts";
import { Input } from "./input.ts";
import { TypedInput } from "./typed-input.ts";

const bytes = (text: string): Uint8Array => Buffer.from(text, "latin1");

describe("EscapeKeys", () => {
  const filter = (...parts: string[]): { text: string; commands: EscapeCommand[] } => {
    const commands: EscapeCommand[] = [];
    const keys = new EscapeKeys((command) => commands.push(command));
    return { text: parts.map((part) => Buffer.from(keys.filter(bytes(part))).toString("latin1")).join(""), commands };
  };

  it.each([
    [["ls\r"], "ls\r", []],
    [["a\x01xb"], "ab", ["quit"]],
    [["a\x01", "Xb"], "ab", ["quit"]],
    [["\x01c\x01C"], "", ["monitor", "monitor"]],
    [["\x01h\x01?"], "", ["help", "help"]],
    [["\x01\x01x"], "\x01x", []],
    [["\x01\x01\x01x"], "\x01", ["quit"]],
    [["\x01zq"], "q", []],
    [["\xff\x00\x80"], "\xff\x00\x80", []],
  ])("%j", (parts, text, commands) => {
    expect(filter(...parts)).toEqual({ text, commands });
  });
});

describe("Input", () => {
  /** A guest with room for `room` bytes at a time. */
  const guest = (room = Number.POSITIVE_INFINITY) => {
    let text = "";
    return {
      get text() {
        return text;
      },
      receive: (chunk: Uint8Array): number => {
        const taken = Math.min(room, chunk.length);
        text += Buffer.from(chunk.subarray(0, taken)).toString("latin1");
        return taken;
      },
    };
  };

  it("from a terminal goes to the guest at once", () => {
    const console = guest();
    const input = new Input(false, 0);
    input.push(bytes("ls"));
    expect(input.feed(console.receive, false, 0)).toBe(true);
    expect(input.waiting).toBe(false);
    expect(console.text).toBe("ls");
  });

  it("from a pipe waits for a prompt: an unfinished line of a guest that waits", () => {
    const console = guest();
    const input = new Input(true, 0);
    input.push(bytes("ls\n"));
    expect(input.feed(console.receive, true, 100)).toBe(false);
    input.sawOutput(bytes("booting\n"), 200);
    expect(input.feed(console.receive, true, 300)).toBe(false);
    input.sawOutput(bytes("~ # "), 400);
    expect(input.feed(console.receive, true, 899)).toBe(false);
    expect(input.feed(console.receive, false, 900)).toBe(false);
    expect(input.feed(console.receive, true, 900)).toBe(true);
    expect(console.text).toBe("ls\n");
  });

  it.each([
    ["whose line is unfinished", "> ", 1500],
    ["whose last line is complete", "ready\n", 10_000],
    ["that never wrote", null, 30_000],
  ])("from a pipe goes to a guest that works, %s, after a silence", (_, output, silenceMs) => {
    const console = guest();
    const input = new Input(true, 0);
    input.push(bytes("x"));
    if (output !== null) input.sawOutput(bytes(output), 0);
    expect(input.feed(console.receive, false, silenceMs - 1)).toBe(false);
    expect(input.feed(console.receive, false, silenceMs)).toBe(true);
  });

  it("from a pipe waits anew after a reset", () => {
    const console = guest();
    const input = new Input(true, 0);
    input.sawOutput(bytes("~ # "), 0);
    input.push(bytes("reboot\n"));
    expect(input.feed(console.receive, true, 500)).toBe(true);
    input.restart(1000);
    input.push(bytes("ls\n"));
    expect(input.feed(console.receive, true, 2000)).toBe(false);
  });

  it("keeps what the guest has no room for, and says when it holds much", () => {
    const console = guest(3);
    const input = new Input(false, 0);
    input.push(bytes("abcdef"));
    expect(input.feed(console.receive, true, 0)).toBe(true);
    expect(console.text).toBe("abc");
    expect(input.waiting).toBe(true);
    expect(input.feed(console.receive, true, 0)).toBe(true);
    expect(console.text).toBe("abcdef");
    expect(input.full).toBe(false);
    input.push(new Uint8Array(100_000));
    expect(input.full).toBe(true);
  });

  it("copies what it is given", () => {
    const console = guest();
    const input = new Input(false, 0);
    const chunk = bytes("ls");
    input.push(chunk);
    chunk.fill(0);
    input.feed(console.receive, true, 0);
    expect(console.text).toBe("ls");
  });
});

describe("TypedInput", () => {
  it("types each text at a prompt, with Enter as a terminal sends it", () => {
    let text = "";
    const receive = (chunk: Uint8Array): number => {
      text += Buffer.from(chunk).toString("latin1");
      return chunk.length;
    };
    const input = new TypedInput(["root\n", "ls\n"], 0);
    input.sawOutput(bytes("booting\n"), 100);
    expect(input.feed(receive, true, 1000)).toBe(false);
    input.sawOutput(bytes("login: "), 1000);
    expect(input.feed(receive, true, 1500)).toBe(true);
    expect(input.isDone()).toBe(false);
    expect(input.feed(receive, true, 1600)).toBe(false);
    input.sawOutput(bytes("root\r\n~ # "), 1700);
    expect(input.feed(receive, true, 2200)).toBe(true);
    expect(text).toBe("root\rls\r");
    expect(input.isDone()).toBe(true);
  });

  it("of nothing is done", () => {
    expect(new TypedInput([], 0).isDone()).toBe(true);
  });
});
