/** The command line from outside: processes, pipes, terminals and signals, with guests of a few instructions. */
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { createHash } from "node:crypto";
import { tmpdir } from "node:os";
import { createConnection } from "node:net";
import { dirname, join } from "node:path";
import binaryen from "binaryen";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { buildCliIfStale } from "../../../scripts/build-cli.mjs";
import { cliFile, Running, run, start, startInTerminal } from "./testing/armlet.ts";
import { sayAndPowerOff, sayAndReset, sayAndWait } from "./testing/tiny-guest.ts";

let folder: string;

beforeAll(async () => {
  await buildCliIfStale();
  folder = mkdtempSync(join(tmpdir(), "armlet-cli-"));
  writeFileSync(join(folder, "off"), sayAndPowerOff("ready\n"));
  writeFileSync(join(folder, "reset"), sayAndReset("again\n"));
  writeFileSync(join(folder, "wait"), sayAndWait("waiting> "));
  writeFileSync(join(folder, "disk.img"), new Uint8Array(1 << 20));
}, 600_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("a run", { timeout: 240_000 }, () => {
  it("ends with 0 when the guest powers off, with the serial console alone on standard output", async () => {
    expect(await run(["-kernel", "off"], folder)).toEqual({ status: 0, stdout: "ready\n", stderr: "" });
  });

  it("takes the files whose hashes are given, and no others", async () => {
    const hash = createHash("sha256")
      .update(readFileSync(join(folder, "off")))
      .digest("hex");
    const wrong = hash.replace(/^./, (digit) => (digit === "0" ? "1" : "0"));
    expect(await run(["-kernel", `off,sha256=${hash.toUpperCase()}`], folder)).toMatchObject({ stdout: "ready\n" });
    for (const files of [
      ["-kernel", `off,sha256=${wrong}`],
      ["-kernel", "off", "-initrd", `off,sha256=${wrong}`],
      ["-kernel", "off", "-dtb", `off,sha256=${wrong}`],
      ["-kernel", "off", "-drive", `file=disk.img,sha256=${hash},snapshot=on`],
    ]) {
      const { status, stdout, stderr } = await run(files, folder);
      expect([status, stdout]).toEqual([1, ""]);
      expect(stderr).toMatch(/The file \S+ is not the one that is wanted: its SHA-256 is [0-9a-f]{64}, and should be/);
    }
  });

  it("shows nothing of a serial port that is connected to nothing", async () => {
    expect(await run(["-kernel", "off", "-serial", "none"], folder)).toEqual({ status: 0, stdout: "", stderr: "" });
  });

  it("ends with 0 when the guest resets under -no-reboot", async () => {
    expect(await run(["-kernel", "reset", "-no-reboot"], folder)).toEqual({ status: 0, stdout: "again\n", stderr: "" });
  });

  it("starts over when the guest resets, until Ctrl-A X", async () => {
    const running = start(["-kernel", "reset", "-M", "virt,gic-version=3"], folder);
    await running.until(/again/, 3);
    running.send("\x01x");
    expect(await running.ended).toMatchObject({ status: 0, stderr: "" });
  });

  it("shows the registers at a reset with -d cpu_reset, on standard error", async () => {
    const { stdout, stderr } = await run(["-kernel", "reset", "-no-reboot", "-d", "cpu_reset"], folder);
    expect(stdout).toBe("again\n");
    expect(stderr).toMatch(/X1 000000000000000a +X2 0000000009000000/);
  });

  it("goes on after the end of its input", async () => {
    const running = start(["-kernel", "wait"], folder);
    running.process.stdin.end();
    await running.until(/waiting> /);
    expect(await Promise.race([running.ended, new Promise((resolve) => setTimeout(resolve, 500, "runs"))])).toBe(
      "runs",
    );
    running.process.kill("SIGTERM");
    expect(await running.ended).toEqual({ status: 143, stdout: "waiting> ", stderr: "" });
  });

  it("ends in order at SIGINT", async () => {
    const running = start(["-kernel", "wait", "-drive", "file=disk.img"], folder);
    await running.until(/waiting> /);
    running.process.kill("SIGINT");
    expect(await running.ended).toEqual({ status: 130, stdout: "waiting> ", stderr: "" });
  });

  it("tells about its keys at Ctrl-A H on standard error", async () => {
    const running = start(["-kernel", "wait"], folder);
    await running.until(/waiting> /);
    running.send("\x01h");
    await running.until(/Ctrl-A X +quits/);
    running.send("\x01X");
    const { status, stdout } = await running.ended;
    expect({ status, stdout }).toEqual({ status: 0, stdout: "waiting> " });
  });

  it("has a monitor behind Ctrl-A C", async () => {
    const running = start(["-kernel", "wait", "-device", "virtio-balloon-device"], folder);
    await running.until(/waiting> /);
    running.send("\x01cinfo statuz\x7fs\r");
    await running.until(/VM status: running/);
    running.send("stop\rinfo status\rinfo balloon\rballoon x\rinfo virtio\rinfo jit\rnonsense\r");
    await running.until(/unknown command: 'nonsense'/);
    expect(running.stdout).toMatch(/VM status: paused\r\n/);
    expect(running.stdout).toMatch(/balloon: actual=256\r\n/);
    expect(running.stdout).toMatch(/Error: Parameter 'target' expects a size\r\n/);
    expect(running.stdout).toContain("/machine/peripheral-anon/device[0]/virtio-backend [virtio-balloon]\r\n");
    expect(running.stdout).toMatch(/region count +\d+\/8192\r\n/);
    running.send("quit\r");
    expect((await running.ended).status).toBe(0);
  });

  it("puts disks in and takes them out at the monitor's word, one command after the other", async () => {
    writeFileSync(join(folder, "stick.img"), new Uint8Array(4096));
    const running = start(["-kernel", "wait", "-device", "virtio-scsi-device"], folder);
    await running.until(/waiting> /);
    const lines = [
      "drive_add 0 if=none,id=d,file=nowhere.img,format=raw",
      "drive_add 0 id=d,file=stick.img,format=raw",
      "drive_add 0 if=none,id=d,file=stick.img,format=raw",
      "drive_add 0 if=none,id=e,file=stick.img,format=raw",
      "device_add virtio-rng-device",
      "device_add scsi-hd,drive=e,id=x",
      "device_add scsi-hd,drive=d,id=x",
      "device_add scsi-hd,drive=d,id=y",
      "info block",
      "eject d",
      "device_del y",
      "device_del x",
      "info block",
      // The file is free again.
      "drive_add 0 if=none,id=e,file=stick.img,format=raw",
      "nonsense",
    ];
    running.send(`\x01c${lines.join("\r")}\r`);
    await running.until(/unknown command: 'nonsense'/);
    const answers = running.stdout.split("(qemu) ").map((text) => text.split("\r\n").slice(1).join("\n").trim());
    expect(answers.slice(1, 1 + lines.length)).toEqual([
      expect.stringMatching(/^Error: .*nowhere\.img/),
      "Error: the drive needs if=none: device_add makes its device",
      "OK",
      expect.stringMatching(/^Error: The file stick\.img is the disk of two drives/),
      expect.stringMatching(/^Error: A virtio-rng-device cannot be put in while the machine runs/),
      expect.stringMatching(/^Error: .*no drive with the id "e"/),
      "",
      'Error: The drive "d" belongs to a device already.',
      "d: stick.img (raw)",
      'Error: The drive "d" has no medium that could be taken out.',
      'Error: There is no device with the id "y" that has a drive.',
      "",
      "",
      "OK",
      "unknown command: 'nonsense'",
    ]);
    running.send("quit\r");
    expect((await running.ended).status).toBe(0);
  });

  it("has a monitor on a UNIX socket, which waits for nobody and takes one at a time", async () => {
    const path = join(folder, "monitor.sock");
    const running = start(["-kernel", "wait", "-monitor", `unix:${path},server,nowait`], folder);
    await running.until(/waiting> /);
    const talk = async (lines: string, until: RegExp): Promise<string> => {
      const socket = createConnection(path);
      let text = "";
      socket.on("data", (bytes) => {
        text += bytes.toString();
      });
      socket.write(lines);
      await vi.waitFor(() => expect(text).toMatch(until), { timeout: 20_000 });
      socket.destroy();
      return text;
    };
    expect(await talk("info status\n", /VM status: \w+/)).toContain("(qemu) info status\r\nVM status: running\r\n");
    expect(await talk("info virtio-status\nballoon 1\n", /No balloon/)).toContain("a path is needed");
    running.process.kill("SIGTERM");
    await running.ended;
  });

  it("ends with 1 and a sentence when nobody reads its output", async () => {
    const running = start(["-kernel", "reset"], folder);
    await running.until(/again/);
    running.process.stdout.destroy();
    const { status, stderr } = await running.ended;
    expect(status).toBe(1);
    expect(stderr).toMatch(/Standard output cannot be written/);
  });
});

describe("an engine that breaks", { timeout: 240_000 }, () => {
  it("ends with 2, what the guest said, and a report on standard error", async () => {
    // The program with an engine whose run loop traps at its first instruction.
    const broken = join(folder, "broken");
    mkdirSync(broken);
    copyFileSync(cliFile, join(broken, "armlet.mjs"));
    const engine = binaryen.readBinary(readFileSync(join(dirname(cliFile), "armlet.wasm")));
    const name = binaryen.getExportInfo(engine.getExport("cpu_run")).value;
    const { params, results } = binaryen.getFunctionInfo(engine.getFunction(name));
    engine.removeFunction(name);
    engine.addFunction(name, params, results, [], engine.unreachable());
    writeFileSync(join(broken, "armlet.wasm"), engine.emitBinary());
    for (const file of readdirSync(dirname(cliFile)).filter((entry) => /-.*\.mjs$/.test(entry))) {
      copyFileSync(join(dirname(cliFile), file), join(broken, file));
    }
    const args = [join(broken, "armlet.mjs"), "-kernel", "off"];
    const { status, stdout, stderr } = await new Running(process.execPath, args, folder).ended;
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toMatch(
      /Please report this:[^]*RuntimeError: unreachable[^]*machine virt, GICv2[^]*PC 0000000040080000/,
    );
  });
});

describe("on a terminal", { timeout: 240_000 }, () => {
  it.each([
    ["Ctrl-A X", "\x01x"],
    ["the guest's power-off", null],
  ])("the terminal is as before after %s", async (_, keys) => {
    const kernel = keys === null ? "off" : "wait";
    const running = startInTerminal(
      `stty -a >before; ARMLET -kernel ${kernel}; echo "status $?"; stty -a >after`,
      folder,
    );
    if (keys !== null) {
      await running.until(/waiting> /);
      running.send(keys);
    }
    expect((await running.ended).stdout).toMatch(/status 0/);
    expect(readFileSync(join(folder, "after"), "utf8")).toBe(readFileSync(join(folder, "before"), "utf8"));
  });

  it("Ctrl-C is the guest's", async () => {
    const running = startInTerminal("ARMLET -kernel wait", folder);
    await running.until(/waiting> /);
    running.send("\x03");
    running.send("\x01h");
    await running.until(/Ctrl-A X +quits/);
    running.send("\x01x");
    expect(await running.ended).toMatchObject({ status: 0 });
  });

  it("the terminal is as before after SIGTERM", async () => {
    const command = "stty -a >before; sh -c 'echo $$ >pid; exec ARMLET -kernel wait'; echo status $?; stty -a >after";
    const running = startInTerminal(command.replaceAll("'", '"').replace("$$", "\\$\\$"), folder);
    await running.until(/waiting> /);
    process.kill(Number(readFileSync(join(folder, "pid"), "utf8")), "SIGTERM");
    expect((await running.ended).stdout).toMatch(/status 143/);
    expect(readFileSync(join(folder, "after"), "utf8")).toBe(readFileSync(join(folder, "before"), "utf8"));
  });
});

describe("what cannot be run", { timeout: 240_000 }, () => {
  it.each([
    [["-kernel", "nothing-here"], /There is no file nothing-here/],
    [["-kernel", "."], /\. is a folder/],
    [["-kernel", process.execPath], /x86-64|AArch64/],
    [["-kernel", "off", "-m", "100000"], /at most \d+ MiB/],
    [["-kernel", "off", "-drive", "file=odd.img"], /odd\.img has 1000 bytes, which is no multiple of 512/],
    [["-kernel", "off", "-drive", "file=disk.img", "-drive", "file=./disk.img"], /disk of two drives/],
    [["-kernel", "off", "-drive", "file=gone.img"], /There is no file gone\.img/],
    [["-kernal", "off"], /Did you mean "-kernel"/],
  ])("%j ends with 1 and a sentence", async (args, message) => {
    writeFileSync(join(folder, "odd.img"), "");
    truncateSync(join(folder, "odd.img"), 1000);
    const { status, stdout, stderr } = await run(args, folder);
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
    expect(stderr).toMatch(message);
    expect(stderr).toMatch(/^armlet: /);
    expect(stderr).not.toMatch(/ at .*:\d+:\d+/);
  });

  it("-h and -version answer on standard error: standard output is the guest's", async () => {
    expect(await run(["-version"], folder)).toMatchObject({ status: 0, stdout: "", stderr: "armlet 0.1.0\n" });
    const help = await run(["-h"], folder);
    expect(help).toMatchObject({ status: 0, stdout: "" });
    expect(help.stderr).toMatch(/-kernel FILE/);
  });
});
