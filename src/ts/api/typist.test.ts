import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Typist } from "./typist.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A guest that waits has been silent for a while. */
const wait = (milliseconds = 100): void => {
  vi.advanceTimersByTime(milliseconds);
};

function setUp(texts: readonly string[]) {
  const typed: string[] = [];
  const typist = new Typist((text) => typed.push(text));
  typist.begin(texts);
  const guest = (text: string): void => {
    typist.push(text);
    wait();
  };
  return { typist, typed, guest };
}

it("types at the first prompt, with Enter as a terminal sends it", () => {
  const { typed, guest } = setUp(["uname -a\n"]);
  for (const piece of ["[    0.1] Booting\r\n", "done\r\n~", " # "]) guest(piece);
  expect(typed).toEqual(["uname -a\r"]);
  guest("uname -a\r\nLinux\r\n~ # ");
  expect(typed).toEqual(["uname -a\r"]);
});

it("types each further text at the next prompt: of login, for a password, of the shell", () => {
  const { typed, guest } = setUp(["root\n", "secret\n", "ls\n"]);
  guest("debian login: ");
  // The same prompt, drawn again, is not the next one.
  guest("\u001b[6n");
  guest("\rdebian login: ");
  expect(typed).toEqual(["root\r"]);
  guest("root\r\n");
  guest("Password: ");
  expect(typed).toEqual(["root\r", "secret\r"]);
  guest("\r\nLast login: Sat Nov 21\r\nroot@debian:~# ");
  expect(typed).toEqual(["root\r", "secret\r", "ls\r"]);
});

it("types what is added while a prompt waits at once, but not onto a line that is typed on", () => {
  const { typist, typed, guest } = setUp(["a"]);
  guest("~ # ");
  guest("a");
  typist.add(["b\n"]);
  wait();
  expect(typed).toEqual(["a"]);
  guest("\r\n~ # ");
  expect(typed).toEqual(["a", "b\r"]);
  guest("b\r\n~ # ");
  typist.add(["c\n"]);
  wait();
  expect(typed).toEqual(["a", "b\r", "c\r"]);
});

it("lets the terminal say first where the cursor is, when the guest asks", () => {
  const { typist, typed, guest } = setUp(["a\n", "b\n"]);
  typist.push("~ # ");
  typist.push("\u001b[6n");
  wait(500);
  expect(typed).toEqual([]);
  typist.sent(new TextEncoder().encode("\u001b[10;5R"));
  wait();
  expect(typed).toEqual(["a\r"]);
  guest("a\r\n~ # \u001b[6n");
  expect(typed).toEqual(["a\r"]);
  // Nobody there to answer.
  wait(1000);
  expect(typed).toEqual(["a\r", "b\r"]);
});

it("does not take a pause in a line that goes on for a prompt", () => {
  const { typist, typed, guest } = setUp(["a\n"]);
  typist.push("cost: 5 $ ");
  typist.push("and more\r\n");
  wait(2000);
  expect(typed).toEqual([]);
  guest("~ # ");
  expect(typed).toEqual(["a\r"]);
});

it("types nothing after its end", () => {
  const { typist, typed } = setUp(["a\n"]);
  typist.push("~ # ");
  typist.dispose();
  wait();
  expect(typed).toEqual([]);
});

it("goes on with what is left when the guest starts over", () => {
  const { typist, typed, guest } = setUp(["a\n", "b\n"]);
  guest("~ # ");
  typist.restart();
  expect(typed).toEqual(["a\r"]);
  guest("booting\r\n~ # ");
  expect(typed).toEqual(["a\r", "b\r"]);
});

it("types what the machine begins with before what was added earlier", () => {
  const { typist, typed, guest } = setUp([]);
  typist.add(["later\n"]);
  typist.begin(["first\n"]);
  guest("~ # ");
  guest("first\r\n~ # ");
  expect(typed).toEqual(["first\r", "later\r"]);
});

it("is not impressed by a flood", () => {
  const { typed, guest } = setUp(["a\n"]);
  for (let round = 0; round < 1000; round++) guest("x".repeat(10_000));
  guest("\n~ # ");
  expect(typed).toEqual(["a\r"]);
});
