import { describe, expect, it } from "vitest";
import { ConsoleWatch, isPrompt } from "./console-watch.ts";

function watch() {
  const log: string[] = [];
  const console = new ConsoleWatch({
    onPrompt: () => log.push("prompt"),
    onPanic: ({ kind, line }) => log.push(`${kind}: ${line}`),
  });
  return { console, log };
}

describe("isPrompt", () => {
  // As busybox, bash, dash, zsh and getty print them, with the escapes of their line editors.
  it.each([
    "# ",
    "~ # ",
    "/ # ",
    "$ ",
    "root@debian:~# ",
    "root@debian:/var/log# ",
    "user@host:~$ ",
    "(none):/# ",
    "\u001b[?2004hroot@debian:~# ",
    "\u001b]0;root@debian: ~\u0007root@debian:~# ",
    "~ # \u001b[6n",
    "\u001b[1;32m~ #\u001b[0m ",
    "debian login: ",
    "localhost login:",
    "\r\u001b[J~ # ",
  ])("takes %j for one", (line) => {
    expect(isPrompt(line)).toBe(true);
  });

  it.each([
    "",
    "[    0.000000] Linux version 6.1.0 # ",
    "#",
    "Password: ",
    "Loading 12 # of 100",
    "item # 4",
    "100% done",
    "[  OK  ] Reached target login",
  ])("does not take %j for one", (line) => {
    expect(isPrompt(line)).toBe(false);
  });
});

describe("ConsoleWatch", () => {
  it("sees the first prompt once, in whatever pieces it comes", () => {
    const { console, log } = watch();
    for (const piece of ["[    0.1] boo", "ted\r\n\r", "\n~", " #", " "]) console.push(piece);
    expect(log).toEqual(["prompt"]);
    console.push("ls\r\n~ # ");
    expect(log).toEqual(["prompt"]);
    console.restart();
    console.push("~ # ");
    expect(log).toEqual(["prompt", "prompt"]);
  });

  it("sees a panic and an oops as Linux prints them", () => {
    const { console, log } = watch();
    console.push("[    1.234567] Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)\r\n");
    console.push("[    1.234567][    T1] Kernel panic - not syncing: Attempted to kill init! exitcode=0x0000000b\r\n");
    console.push("[   12.000001] Internal error: Oops: 0000000096000004 [#1] SMP\r\n");
    console.push("[   12.000001] Internal error: Oops - BUG: 00000000f2000800 [#1] PREEMPT SMP\r\n");
    expect(log).toEqual([
      "panic: Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)",
      "panic: Kernel panic - not syncing: Attempted to kill init! exitcode=0x0000000b",
      "oops: Internal error: Oops: 0000000096000004 [#1] SMP",
      "oops: Internal error: Oops - BUG: 00000000f2000800 [#1] PREEMPT SMP",
    ]);
  });

  it("does not take talk about a panic for one", () => {
    const { console, log } = watch();
    console.push("~ # echo 'Kernel panic - not syncing'\r\n");
    console.push("grep: Kernel panic - not syncing: no match\r\n");
    expect(log).toEqual([]);
  });

  it("keeps no more than a line's end of a flood without line ends", () => {
    const { console, log } = watch();
    for (let round = 0; round < 1000; round++) console.push("x".repeat(10_000));
    console.push("\n~ # ");
    expect(log).toEqual(["prompt"]);
  });
});
