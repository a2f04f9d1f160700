import { expect, it } from "vitest";
import { typeAtPrompts } from "./typist.ts";

function setUp(texts: readonly string[]) {
  const typed: string[] = [];
  let listener: ((bytes: Uint8Array) => void) | null = null;
  const typist = typeAtPrompts(
    {
      write: (text) => typed.push(text),
      onData: (given) => {
        listener = given;
        return {
          dispose: () => {
            listener = null;
          },
        };
      },
    },
    texts,
  );
  return {
    typed,
    typist,
    listening: () => listener !== null,
    say: (text: string) => listener?.(new TextEncoder().encode(text)),
  };
}

it("types each text at a prompt of its own, and not at its own echo", () => {
  const { say, typed, listening } = setUp(["root\n", "uname\n"]);
  say("[    0.100000] Linux #1 $ # \r\nbooting\r\ndebian log");
  expect(typed).toEqual([]);
  say("in: ");
  expect(typed).toEqual(["root\r"]);
  say("root\r\n");
  expect(typed).toHaveLength(1);
  say("Welcome\r\n~ # ");
  expect(typed).toEqual(["root\r", "uname\r"]);
  expect(listening()).toBe(false);
});

it("finds a prompt in pieces, and characters cut in two", () => {
  const { typed } = ((): { typed: string[] } => {
    const machine = setUp(["é\n"]);
    for (const piece of ["\r\n", "~", " ", "#", " "]) machine.say(piece);
    return machine;
  })();
  expect(typed).toEqual(["é\r"]);
});

it("types nothing where nothing is to be typed, or any more", () => {
  expect(setUp([]).listening()).toBe(false);
  const { say, typed, typist } = setUp(["a\n"]);
  typist.dispose();
  say("~ # ");
  expect(typed).toEqual([]);
});
