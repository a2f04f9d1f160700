import { expect, it } from "vitest";
import { Typist } from "./typist.ts";

function setUp(texts: readonly string[]) {
  const typed: string[] = [];
  const typist = new Typist((text) => typed.push(text));
  typist.begin(texts);
  return { typist, typed };
}

it("types at the first prompt, with Enter as a terminal sends it", () => {
  const { typist, typed } = setUp(["uname -a\n"]);
  for (const piece of ["[    0.1] Booting\r\n", "done\r\n~", " # "]) typist.push(piece);
  expect(typed).toEqual(["uname -a\r"]);
  typist.push("uname -a\r\nLinux\r\n~ # ");
  expect(typed).toEqual(["uname -a\r"]);
});

it("types each further text at the next prompt: of login, for a password, of the shell", () => {
  const { typist, typed } = setUp(["root\n", "secret\n", "ls\n"]);
  typist.push("debian login: ");
  // The same prompt, drawn again, is not the next one.
  typist.push("\u001b[6n");
  typist.push("\rdebian login: ");
  expect(typed).toEqual(["root\r"]);
  typist.push("root\r\n");
  typist.push("Password: ");
  expect(typed).toEqual(["root\r", "secret\r"]);
  typist.push("\r\nLast login: Sat Nov 21\r\nroot@debian:~# ");
  expect(typed).toEqual(["root\r", "secret\r", "ls\r"]);
});

it("types what is added while a prompt waits at once, but not onto a line that is typed on", () => {
  const { typist, typed } = setUp(["a"]);
  typist.push("~ # ");
  typist.push("a");
  typist.add(["b\n"]);
  expect(typed).toEqual(["a"]);
  typist.push("\r\n~ # ");
  expect(typed).toEqual(["a", "b\r"]);
  typist.push("b\r\n~ # ");
  typist.add(["c\n"]);
  expect(typed).toEqual(["a", "b\r", "c\r"]);
});

it("goes on with what is left when the guest starts over", () => {
  const { typist, typed } = setUp(["a\n", "b\n"]);
  typist.push("~ # ");
  typist.restart();
  expect(typed).toEqual(["a\r"]);
  typist.push("booting\r\n~ # ");
  expect(typed).toEqual(["a\r", "b\r"]);
});

it("types what the machine begins with before what was added earlier", () => {
  const { typist, typed } = setUp([]);
  typist.add(["later\n"]);
  typist.begin(["first\n"]);
  typist.push("~ # ");
  typist.push("first\r\n~ # ");
  expect(typed).toEqual(["first\r", "later\r"]);
});

it("is not impressed by a flood", () => {
  const { typist, typed } = setUp(["a\n"]);
  for (let round = 0; round < 1000; round++) typist.push("x".repeat(10_000));
  typist.push("\n~ # ");
  expect(typed).toEqual(["a\r"]);
});
