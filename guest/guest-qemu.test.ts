/**
 * The default guest in QEMU's machine, the one that ours is compared with: it boots to its prompt, finds the devices that
 * are there, and ends when it is told to.
 */
import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { guestDir } from "../scripts/lib/paths.mjs";
import { assembleGuest } from "./assemble.mjs";
import { type Manifest, writeManifest } from "./manifest.mjs";

const PROMPT = "~ # ";
const WAIT_MS = 240_000;

let manifest: Manifest;
let folder: string;
let qemu: Console | undefined;

/** A machine's serial console. */
class Console {
  /** Resolves to the exit status. */
  readonly ended: Promise<number | null>;
  #unread = "";
  #arrived: () => void = () => undefined;
  readonly #child: ChildProcessWithoutNullStreams;

  constructor(args: string[]) {
    const machine = ["-M", "virt", "-cpu", "cortex-a57", "-m", "256", "-nographic", "-no-reboot", "-net", "none"];
    this.#child = spawn("qemu-system-aarch64", [...machine, ...args]);
    this.#child.stdout.setEncoding("utf8").on("data", (text: string) => {
      this.#unread += text;
      this.#arrived();
    });
    this.ended = new Promise((resolve) => this.#child.on("close", resolve));
  }

  /** Everything up to `text`, which is taken from what is unread. */
  async until(text: string): Promise<string> {
    for (const deadline = Date.now() + WAIT_MS; ; ) {
      const at = this.#unread.indexOf(text);
      if (at >= 0) {
        const read = this.#unread.slice(0, at + text.length);
        this.#unread = this.#unread.slice(at + text.length);
        return read;
      }
      const left = deadline - Date.now();
      if (left <= 0) throw new Error(`no ${JSON.stringify(text)} in: ${this.#unread}`);
      await new Promise<void>((resolve) => {
        this.#arrived = resolve;
        setTimeout(resolve, left);
      });
    }
  }

  type(text: string): void {
    this.#child.stdin.write(text);
  }

  /** What a command prints. */
  async run(command: string): Promise<string> {
    this.type(`${command}; echo end""mark\n`);
    const output = await this.until("endmark");
    await this.until(PROMPT);
    // The echo of the command comes first, wrapped by the line editor.
    return output.slice(output.indexOf('end""mark') + 'end""mark'.length, -"endmark".length).trim();
  }

  stop(): void {
    this.#child.kill();
  }
}

/** Starts a guest of the manifest. */
function start(name: string, append: string, ...devices: string[]): Console {
  const guest = manifest.guests[name];
  if (guest === undefined) throw new Error(`There is no guest ${name}.`);
  if (guest.initrd === null) throw new Error(`The guest ${name} starts from a disk.`);
  const files = ["-kernel", join(guestDir, guest.kernel.file), "-initrd", join(guestDir, guest.initrd.file)];
  qemu = new Console([...files, "-append", `${guest.append} ${append}`, ...devices]);
  return qemu;
}

/** A disk of 16 MiB with an ext4 file system and one file. */
function makeDisk(): string[] {
  const file = join(folder, "disk.img");
  const tree = mkdtempSync(join(folder, "tree-"));
  execFileSync("sh", ["-c", 'echo "from the disk" >"$1/note"', "sh", tree]);
  execFileSync("mke2fs", ["-q", "-t", "ext4", "-d", tree, file, "16M"]);
  return ["-drive", `if=none,id=d,file=${file},format=raw`, "-device", "virtio-blk-device,drive=d"];
}

beforeAll(async () => {
  await assembleGuest();
  manifest = writeManifest();
});

afterEach(() => {
  qemu?.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe("the stock guest", () => {
  test("boots to a shell that knows its devices, and poweroff -f ends it", async () => {
    folder = mkdtempSync(join(tmpdir(), "guest-qemu-"));
    const console = start("stock", "", ...makeDisk(), "-device", "virtio-rng-device");
    const boot = await console.until(PROMPT);
    expect(boot).toContain(`Linux ${manifest.guests["stock"]?.release}`);
    expect(boot).toContain("/dev/vda (16 MiB)");
    expect(await console.run("uname -m")).toBe("aarch64");
    expect(await console.run("mount /dev/vda /mnt && cat /mnt/note && umount /mnt")).toBe("from the disk");
    expect(await console.run("head -c 8 /dev/hwrng | wc -c")).toBe("8");
    expect(await console.run("lsmod | grep -c '^virtio_net '")).toBe("0");
    expect(await console.run("cat /sys/class/net/lo/flags")).toBe("0x9");
    console.type("poweroff -f\n");
    expect(await console.ended).toBe(0);
  });

  test("has job control, comes back after exit, and ends in order on poweroff", async () => {
    folder = mkdtempSync(join(tmpdir(), "guest-qemu-"));
    const console = start("stock", "");
    await console.until(PROMPT);
    // What says so is in the foreground by then: before that the key is no signal, or the shell's.
    console.type(`sh -c 'echo star""ted; exec sleep 1000'\n`);
    await console.until("\nstarted\r\n");
    console.type("\x03");
    await console.until(PROMPT);
    expect(await console.run("tty")).toBe("/dev/ttyAMA0");
    console.type("exit\n");
    await console.until(PROMPT);
    expect(await console.run("uname -n")).toBe("armlet");
    console.type("poweroff\n");
    await console.until("Power down");
    expect(await console.ended).toBe(0);
  });

  test("says so when root= leads nowhere, and gives the shell in memory", async () => {
    folder = mkdtempSync(join(tmpdir(), "guest-qemu-"));
    const console = start("stock", "root=/dev/vda", ...makeDisk());
    const boot = await console.until(PROMPT);
    expect(boot).toContain("root=/dev/vda has no /sbin/init: this is the system in memory instead.");
    expect(await console.run("uname -m")).toBe("aarch64");
  });
});
