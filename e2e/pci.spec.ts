/**
 * Debian's own kernel with virtio devices on PCI, as QEMU's machine shows them: configuration space, regions, drivers, messages.
 * All devices at work, on every transport, are in virtio-matrix.spec.ts.
 */
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "playwright/test";
import { Armlet, guestFile, PROMPT } from "./support/armlet.ts";
import { kernelComplaints } from "./support/kernel-log.ts";

const CONTENT = Buffer.alloc(4 << 20, "what is on the disk, sector by sector ");
const SHA256 = createHash("sha256").update(CONTENT).digest("hex");

let folder: string;
let running: Armlet[] = [];
test.beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "armlet-pci-"));
  writeFileSync(join(folder, "disk.img"), CONTENT);
});
test.afterEach(() => {
  for (const machine of running) machine.kill();
  running = [];
  rmSync(folder, { recursive: true });
});

interface Row {
  readonly title: string;
  readonly machine: string;
  readonly append?: string;
  /** Endings of the names of disk, random source and serial ports, and properties. */
  readonly endings: readonly [blk: string, rng: string, serial: string];
  /** What Linux calls the chip of the devices' interrupts. */
  readonly chip: RegExp;
}

const everywhere = (ending: string): Row["endings"] => [ending, ending, ending];

const ROWS: readonly Row[] = [
  {
    title: "each interface, MSI-X by the ITS",
    machine: "gic-version=3",
    endings: ["-pci,disable-modern=on", "-pci", "-pci-non-transitional"],
    chip: /ITS-MSI +\d+ Edge/,
  },
  {
    title: "the legacy interface, interrupt pins",
    machine: "gic-version=2",
    endings: everywhere("-pci,disable-modern=on,vectors=0"),
    chip: /GIC-0 +\d+ Level/,
  },
  {
    title: "a guest that wants no messages",
    machine: "gic-version=2",
    append: "pci=nomsi",
    endings: everywhere("-pci-transitional,page-per-vq=on"),
    chip: /GIC-0 +\d+ Level/,
  },
  {
    title: "a GICv3 without ITS, windows below 4 GiB",
    machine: "gic-version=3,its=off,highmem=off",
    endings: everywhere("-pci,modern-pio-notify=on"),
    chip: /GICv3 +\d+ Level/,
  },
];

/** Identification, capabilities and regions of every function; the interrupt line is a number of Linux's own. */
const SYSFS = [
  "for d in /sys/bus/pci/devices/*; do",
  'echo "== ${d##*/} $(cat $d/vendor $d/device $d/subsystem_vendor $d/subsystem_device $d/class $d/revision | tr "\\n" " ")";',
  "readlink $d/driver | sed 's,.*/,,'; ls $d/msi_irqs 2>/dev/null | wc -l;",
  "od -An -v -tx1 -j 0 -N 60 $d/config; od -An -v -tx1 -j 61 -N 195 $d/config; cat $d/resource;",
  "done",
].join(" ");

function args({ machine, append = "", endings }: Row): string[] {
  const device = (name: string, ending: string, more: string): string[] => {
    const [suffix = "", ...properties] = ending.split(",");
    return ["-device", [name + suffix, more, ...properties].join(",")];
  };
  const [blk, rng, serial] = endings;
  return [
    ...["-M", `virt,${machine}`, "-cpu", "cortex-a57", "-m", "256", "-nographic", "-no-reboot", "-d", "guest_errors"],
    ...["-kernel", guestFile("stock", "kernel"), "-initrd", guestFile("stock", "initrd")],
    ...["-append", `console=ttyAMA0 quiet cryptomgr.notests rodata=on ${append}`],
    ...["-drive", `if=none,id=hd0,file=${join(folder, "disk.img")},format=raw,snapshot=on`],
    ...device("virtio-blk", blk, "drive=hd0,serial=A1"),
    ...device("virtio-rng", rng, "addr=7"),
    ...["-chardev", "null,id=n", ...device("virtio-serial", serial, "id=s")],
    ...["-device", "virtserialport,bus=s.0,chardev=n,name=port"],
  ];
}

async function start(row: Row, program?: readonly string[]): Promise<Armlet> {
  const machine = new Armlet(args(row), program);
  running.push(machine);
  await machine.until(PROMPT, 240);
  return machine;
}

const COMPLAINTS = /virtio|pci|msi|gic|its|vda|irq|WARN|BUG/i;

for (const row of ROWS) {
  test(`${row.title} (-M virt,${row.machine}, ${[...new Set(row.endings)].join(" ")})`, async () => {
    test.setTimeout(900_000);
    const guest = await start(row);
    const sysfs = await guest.run(SYSFS, 120);
    expect(await guest.run("sha256sum /dev/vda", 120)).toContain(SHA256);
    expect(await guest.run("cat /sys/block/vda/serial")).toContain("A1");
    const write = "yes armlet | dd of=/dev/vda bs=64k count=8 iflag=fullblock conv=fsync 2>/dev/null";
    const expected = createHash("sha256")
      .update(Buffer.alloc(512 << 10, "armlet\n"))
      .digest("hex");
    expect(
      await guest.run(`${write}; echo 3 >/proc/sys/vm/drop_caches; head -c 524288 /dev/vda | sha256sum`, 120),
    ).toContain(expected);
    expect(await guest.run("head -c 1000 /dev/hwrng | wc -c", 120)).toMatch(/^1000\r?\n/m);
    // The device tells of its ports in its own time.
    const named = "until cat /sys/class/virtio-ports/*/name 2>/dev/null && [ -c /dev/vport* ]; do sleep 0.2; done";
    expect(await guest.run(named, 60)).toMatch(/^port\r?$/m);
    expect(await guest.run("seq 20000 >/dev/vport*; echo done", 120)).toContain("done");
    const interrupts = (await guest.run("grep virtio /proc/interrupts"))
      .split("\n")
      .filter((line) => /virtio\d/.test(line));
    expect(interrupts.length).toBeGreaterThan(0);
    for (const line of interrupts) expect(line).toMatch(row.chip);
    const complaints = await kernelComplaints(guest, COMPLAINTS);
    guest.type("poweroff -f\r");
    expect(await guest.ended).toBe(0);
    // Linux asks a GICv3 for GICD_TYPER2, which came later.
    expect(guest.errors.replace(/.*0x[0-9a-f]*800000c$/m, "")).not.toMatch(/error/);

    // The same command line in QEMU.
    const peer = await start(row, ["qemu-system-aarch64", "-net", "none"]);
    const lines = (text: string): string[] => text.split(/\r*\n/);
    expect(lines(sysfs)).toEqual(lines(await peer.run(SYSFS, 120)));
    const known = await kernelComplaints(peer, COMPLAINTS);
    expect(complaints.filter((line) => !known.includes(line))).toEqual([]);
    peer.type("poweroff -f\r");
    expect(await peer.ended).toBe(0);
  });
}
