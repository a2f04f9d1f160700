/**
 * Debian's kernel and a SCSI host, in one boot: a disk, a CD drive, a disk that is put in and taken out while the guest runs, a
 * tray that the guest locks. What the kernel says of the drives is what it says of QEMU's.
 */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildCliIfStale, cliFile } from "../../../scripts/build-cli.mjs";
import { MemoryDisk } from "../../virtio/testing/memory-disk.ts";
import { readCommandLine } from "../config/command-line.ts";
import { Machine } from "../machine/machine.ts";
import { Scheduler } from "../worker/scheduler.ts";
import { messageChannelTurns } from "../worker/turns.ts";
import { withDefaultGuest } from "./default-guest.ts";
import { nodeNetwork } from "./network.ts";
import { manifestFile } from "./testing/armlet.ts";

const engineFile = fileURLToPath(new URL("armlet.wasm", `file://${cliFile}`));
const ARGS = `-device virtio-scsi-device,id=scsi0
  -drive if=none,id=hd0,file=hd0.img -device scsi-hd,bus=scsi0.0,drive=hd0,scsi-id=1,lun=2,serial=S1,vendor=ARM
  -drive if=none,id=cd0,media=cdrom,file=cd0.iso -device scsi-cd,bus=scsi0.0,drive=cd0,scsi-id=3`;
const PROMPT = /# \x1b\[6n/;
const DISK_BYTES = 4 * 2 ** 20;
const CD_BYTES = 2 ** 20;

/** What the tests type and read. */
class Shell {
  text = "";
  readonly machine: Machine;
  readonly scheduler: Scheduler;
  #heard: () => void = () => undefined;

  constructor(machine: Machine, turns: ReturnType<typeof messageChannelTurns>) {
    this.machine = machine;
    machine.serial.onOutput = (bytes) => {
      this.text += Buffer.from(bytes).toString("latin1");
      this.#heard();
    };
    this.scheduler = new Scheduler(
      machine,
      { nowMs: () => performance.now(), turns },
      {
        onActivity: () => undefined,
        onSlice: () => undefined,
        onStopped: () => undefined,
        onCrashed: (error) => {
          this.text += String(error);
        },
      },
    );
    this.scheduler.resume();
  }

  /** Waits until the guest has written what `pattern` matches. */
  async until(pattern: RegExp, from = 0): Promise<string> {
    while (!pattern.test(this.text.slice(from))) await new Promise<void>((resolve) => (this.#heard = resolve));
    return this.text.slice(from);
  }

  /** Types a command; returns what it wrote. The words around that are not those that the shell echoes. */
  async run(command: string): Promise<string> {
    const from = this.text.length;
    this.machine.serial.receive(Buffer.from(`echo be""gin; ${command}; echo en""d:$?\n`));
    this.scheduler.wake();
    const said = await this.until(/(?:^|\n)end:\d+\r?\n[^\n]*# /, from);
    const begin = said.indexOf("\nbegin\r\n") + "\nbegin\r\n".length;
    return said.slice(begin, said.lastIndexOf("end:")).replaceAll("\r", "");
  }

  /** Runs a command until it writes what `pattern` matches: the guest takes notice in its own time. */
  async eventually(command: string, pattern: RegExp): Promise<string> {
    for (;;) {
      const said = await this.run(command);
      if (pattern.test(said)) return said;
      await this.run("sleep 0.2");
    }
  }
}

/** Says whether a disk can be opened: the kernel lists it a moment before. */
const opened = (device: string): string => `head -c 1 /dev/${device} >/dev/null 2>&1 && echo opened`;

describe.skipIf(!existsSync(manifestFile))("Debian's kernel and a SCSI host", () => {
  const disk = new MemoryDisk(DISK_BYTES, { sync: true });
  const disc = new MemoryDisk(CD_BYTES);
  const stick = new MemoryDisk(DISK_BYTES);
  const closed: string[] = [];
  const complaints: string[] = [];
  const turns = messageChannelTurns();
  let shell: Shell;

  beforeAll(async () => {
    await buildCliIfStale();
    disc.bytes.forEach((_, index) => (disc.bytes[index] = (index * 7) & 0xff));
    stick.bytes.forEach((_, index) => (stick.bytes[index] = (index * 11) & 0xff));
    disc.readOnly = true;
    const read = readCommandLine(ARGS.split(/\s+/));
    if (read.kind === "text") throw new Error(read.text);
    const config = await withDefaultGuest(read.config, manifestFile);
    const disks: Readonly<Record<string, MemoryDisk>> = { "hd0.img": disk, "cd0.iso": disc, "stick.img": stick };
    const machine = await Machine.create(config, {
      wasm: await WebAssembly.compile(await readFile(engineFile)),
      clock: { nowMs: () => performance.now(), wallMs: () => Date.now() },
      readFile: async (name) => new Uint8Array(await readFile(name)),
      openDisk: ({ file }) => Promise.resolve(disks[file] as MemoryDisk),
      openFiles: () => Promise.reject(new Error("no shared files here")),
      closeDisk: (drive) => {
        closed.push(drive);
        return Promise.resolve();
      },
      entropy: (bytes) => bytes.fill(7),
      network: nodeNetwork(() => undefined),
      log: {
        guestError: (place, detail) => complaints.push(`${place}: ${detail}`),
        hostError: (place, detail) => complaints.push(`${place}: ${detail}`),
        info: () => undefined,
      },
      after: (delayMs, callback) => turns.after(delayMs, callback),
      wake: () => shell?.scheduler.wake(),
    });
    shell = new Shell(machine, turns);
    await shell.until(PROMPT);
    await shell.run("modprobe -a virtio_scsi sd_mod sr_mod");
    for (const device of ["sda", "sr0"]) await shell.eventually(opened(device), /^opened/m);
  }, 600_000);

  afterAll(() => {
    shell.scheduler.dispose();
    shell.machine.dispose();
    turns.dispose();
  });

  it("finds both drives where they are, with QEMU's names", { timeout: 300_000 }, async () => {
    const of = (drive: string): string => `cd /sys/block/${drive}/device; cat vendor model rev type; readlink -f .; cd`;
    const hd = await shell.run(of("sda"));
    expect(hd).toMatch(/^ARM *\nQEMU HARDDISK *\n2\.5\+\n0\n[^\n]*0:0:1:2\n$/);
    expect(await shell.run(of("sr0"))).toMatch(/^QEMU *\nQEMU CD-ROM *\n2\.5\+\n5\n[^\n]*0:0:3:0\n$/);
    expect(await shell.run("cat /sys/block/sda/size /sys/block/sr0/size /sys/block/sr0/queue/logical_block_size")).toBe(
      `${DISK_BYTES / 512}\n${CD_BYTES / 512}\n2048\n`,
    );
    expect(await shell.run("tail -c +5 /sys/block/sda/device/vpd_pg80; echo")).toContain("S1");
    const log = await shell.run("dmesg | grep -i 'sda\\|sr0'");
    expect(log).toContain("Write cache: enabled, read cache: enabled, doesn't support DPO or FUA");
    expect(log).toContain("[sr0] scsi3-mmc drive: 16x/50x cd/rw xa/form2 cdda tray");
  });

  it("writes, discards and reads back what it wrote", { timeout: 300_000 }, async () => {
    await shell.run("dd if=/dev/urandom of=/tmp/a bs=64k count=32; dd if=/tmp/a of=/dev/sda bs=64k conv=fsync");
    await shell.run("echo 3 > /proc/sys/vm/drop_caches");
    expect(await shell.run("dd if=/dev/sda bs=64k count=32 2>/dev/null | cmp - /tmp/a && echo same")).toBe("same\n");
    expect(disk.calls).toContain("flush");
    expect(await shell.run("blkdiscard -o 1048576 -l 65536 /dev/sda || echo no blkdiscard")).not.toContain("rror");
    const sum = await shell.run("sha256sum /dev/sr0");
    const { createHash } = await import("node:crypto");
    expect(sum).toContain(createHash("sha256").update(disc.bytes).digest("hex"));
    expect(await shell.run("dd if=/tmp/a of=/dev/sr0 bs=2048 count=1 2>&1")).toContain("Read-only");
  });

  it("finds a disk that is put in, loses one that is taken out", { timeout: 300_000 }, async () => {
    const drive = {
      id: null,
      file: "stick.img",
      format: null,
      sha256: null,
      snapshot: false,
      readOnly: false,
    } as const;
    const id = await shell.machine.disks.attach({ ...drive, media: "disk" });
    expect(id).toBe("hot0");
    await shell.eventually(opened("sdb"), /^opened/m);
    const { createHash } = await import("node:crypto");
    expect(await shell.run("sha256sum /dev/sdb")).toContain(createHash("sha256").update(stick.bytes).digest("hex"));
    // A disk that is in use goes, too: its user gets an error and the guest lives on.
    await shell.run("exec 3<>/dev/sdb");
    await shell.machine.disks.detach(id);
    expect(closed).toEqual(["hot0"]);
    await shell.eventually("ls /sys/block", /^(?![^]*sdb)/);
    expect(await shell.run("dd if=/dev/zero bs=512 count=1 >&3 2>/tmp/e || cat /tmp/e")).toMatch(/rror|No space/);
    await shell.run("exec 3<&-");
    await shell.machine.disks.attach({ ...drive, media: "cdrom" });
    await shell.eventually(opened("sr1"), /^opened/m);
    await expect(shell.machine.disks.detach("nobody")).rejects.toThrow('no drive with the id "nobody"');
  });

  it("locks the tray of what it has mounted or open, and opens it", { timeout: 300_000 }, async () => {
    const { disks } = shell.machine;
    await shell.run("exec 4</dev/sr0");
    expect(disks.eject("cd0", false)).toBe(false);
    await shell.run("exec 4<&-");
    expect(disks.eject("cd0", false)).toBe(true);
    expect(await shell.run("dd if=/dev/sr0 bs=2048 count=1 2>&1 >/dev/null")).toMatch(/No medium/i);
    expect(() => disks.eject("hd0", false)).toThrow("has no medium");
    // The other one has its disc still.
    expect(await shell.run("dd if=/dev/sr1 bs=2048 count=1 2>&1 >/dev/null")).not.toMatch(/No medium/i);
  });

  it("nobody has complained", async () => {
    expect(complaints).toEqual([]);
    // Debian's modules are not signed, which Linux says once, of the first that is loaded.
    const log = await shell.run("dmesg | grep -i 'virtio.*\\(fail\\|error\\|warn\\)\\|BUG\\|WARNING'");
    expect(log.split("\n").filter((line) => !/^$|module verification failed/.test(line))).toEqual([]);
  });
});
