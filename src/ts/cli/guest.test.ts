/** The default guest from outside, as `npx armlet` runs it. Needs what `npm run guest` assembles. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildCliIfStale } from "../../../scripts/build-cli.mjs";
import { manifestFile, run, start, startInTerminal } from "./testing/armlet.ts";

const PROMPT = /# \x1b\[6n/;
const BOOT = { timeout: 480_000 };

const sha256 = (path: string): string => createHash("sha256").update(readFileSync(path)).digest("hex");

describe.skipIf(!existsSync(manifestFile))("the default guest", () => {
  let folder: string;

  beforeAll(async () => {
    await buildCliIfStale();
    folder = mkdtempSync(join(tmpdir(), "armlet-guest-"));
  }, 600_000);

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each([
    [2, "arm,cortex-a15-gic"],
    [3, "arm,gic-v3"],
  ])("boots with GICv%i, takes a command from a pipe, and powers off with 0", BOOT, async (version, compatible) => {
    const { status, stdout, stderr } = await run(
      ["-M", `virt,gic-version=${version}`],
      folder,
      "uname -m; cat /proc/device-tree/intc*/compatible; echo; poweroff -f\n",
    );
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toContain(`\naarch64\r\n${compatible}\0\r\n`);
  });

  it("reads and writes disks: one in place, one with snapshot=on, one readonly=on", BOOT, async () => {
    const image = Buffer.alloc(1 << 20, "the disk as it was ");
    const names = ["place.img", "snapshot.img", "readonly.img"].map((name) => join(folder, name));
    for (const name of names) writeFileSync(name, image);
    const [place = "", snapshot = "", readonly = ""] = names;
    const before = sha256(snapshot);
    const script = [
      "for d in vda vdb vdc; do yes armlet | head -c 204801 | dd of=/dev/$d bs=512 seek=100 conv=notrunc,fsync 2>/dev/null; echo $d $?; done",
      "echo 3 >/proc/sys/vm/drop_caches",
      "for d in vda vdb vdc; do sha256sum /dev/$d; done",
      "reboot -f",
    ];
    const drives = [`file=${place}`, `file=${snapshot},snapshot=on`, `file=${readonly},readonly=on`];
    const args = ["-no-reboot", ...drives.flatMap((drive) => ["-drive", drive])];
    const { status, stdout } = await run(args, folder, `${script.join("\n")}\n`);
    expect(status).toBe(0);
    const expected = Buffer.from(image);
    Buffer.alloc(204_801, "armlet\n").copy(expected, 100 * 512);
    expect(Buffer.compare(readFileSync(place), expected)).toBe(0);
    expect([sha256(snapshot), sha256(readonly)]).toEqual([before, before]);
    // As in QEMU, Linux finds virtio-mmio devices in the reverse order of the command line.
    const changed = sha256(place);
    expect(stdout).toContain(`${changed}  /dev/vdc`);
    expect(stdout).toContain(`${changed}  /dev/vdb`);
    expect(stdout).toContain(`${before}  /dev/vda`);
    expect(stdout).toMatch(/vdc 0\r\n/);
    expect(stdout).toMatch(/vda [1-9]/);
  });

  it("boots in lockstep: all compiled code does what the interpreter does", { timeout: 900_000 }, async () => {
    const running = start(["-d", "lockstep"], folder);
    await running.until(PROMPT);
    running.send("\x01cinfo jit\r");
    await running.until(/calls agree/);
    running.send("quit\r");
    expect((await running.ended).status).toBe(0);
    expect(running.stderr).toBe("");
    const [, instructions] = /lockstep +(\d+) instructions in \d+ calls agree/.exec(running.stdout) ?? [];
    // Nearly all of a boot.
    expect(Number(instructions)).toBeGreaterThan(20_000_000);
  });

  it("types what the command line says at its prompts, then takes the pipe", BOOT, async () => {
    const typed = ["-armlet", "type=echo one | tr o 0\\n", "-armlet", "type=echo two | tr o 0\\n"];
    const { status, stdout } = await run(typed, folder, "echo three | tr e E; poweroff -f\n");
    expect(status).toBe(0);
    expect(stdout).toMatch(/\n0ne\r\n[^]*\ntw0\r\n[^]*\nthrEE\r\n/);
  });

  it("starts over at a reset", BOOT, async () => {
    const running = start([], folder);
    await running.until(PROMPT);
    running.send("reboot -f\n");
    await running.until(PROMPT, 2);
    running.send("poweroff -f\n");
    expect(await running.ended).toMatchObject({ status: 0, stderr: "" });
  });

  it("knows the terminal's size, and when it changes", BOOT, async () => {
    const running = startInTerminal("tty >tty; stty rows 31 cols 97; ARMLET", folder);
    await running.until(PROMPT);
    // A virtio console with several ports learns it by a message, which may come a little after the prompt.
    running.send("while [ \"$(stty size)\" != '31 97' ]; do sleep 0.1; done; echo known\r");
    await running.until(/\nknown\r/);
    const tty = readFileSync(join(folder, "tty"), "utf8").trim();
    execFileSync("stty", ["-F", tty, "rows", "20", "cols", "70"]);
    // The guest learns it a little later, from a program that runs behind its shell.
    running.send("while [ \"$(stty size)\" != '20 70' ]; do sleep 0.1; done; poweroff -f\r");
    expect((await running.ended).stdout).toMatch(/Power down/);
  });

  it("boots with another command line and no devices", BOOT, async () => {
    const args = ["-nodefaults", "-serial", "stdio", "-append", "console=ttyAMA0 quiet rodata=on from=user"];
    const { status, stdout } = await run(
      args,
      folder,
      "cat /proc/cmdline; ls /sys/bus/virtio/devices | wc -l; poweroff -f\n",
    );
    expect(status).toBe(0);
    expect(stdout).toMatch(/from=user\r\n0\r\n/);
  });
});
