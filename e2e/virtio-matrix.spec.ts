/**
 * Debian's own kernel does real work with all seven virtio devices on every transport and way of interrupts, one boot each.
 * What QEMU's machine shows of virtio on PCI is in pci.spec.ts.
 */
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "playwright/test";
import { Armlet, guestFile, PROMPT } from "./support/armlet.ts";
import { boundDevices, kernelComplaints } from "./support/kernel-log.ts";
import { SocketTalk } from "./support/socket-talk.ts";
import {
  workBalloon,
  workDisk,
  workFiles,
  workHotPlug,
  workNet,
  workPorts,
  workRandomness,
} from "./support/virtio-work.ts";

const DISK = randomBytes(2 << 20);
const SCSI_DISK = randomBytes(1 << 20);
const MEMORY_MIB = 256;

let folder: string;
let running: Armlet[] = [];
let talks: SocketTalk[] = [];
test.beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "armlet-virtio-"));
  writeFileSync(join(folder, "disk.img"), DISK);
  writeFileSync(join(folder, "scsi.img"), SCSI_DISK);
  mkdirSync(join(folder, "shared"));
});
test.afterEach(() => {
  for (const talk of talks) talk.close();
  for (const machine of running) machine.kill();
  talks = [];
  running = [];
  rmSync(folder, { recursive: true });
});

interface Row {
  readonly title: string;
  readonly gic: 2 | 3;
  /** Ending of the devices' names. */
  readonly ending: string;
  readonly property?: string;
  /** What Linux calls the chip of the devices' interrupts. */
  readonly chip: RegExp;
}

const PINS: Readonly<Record<2 | 3, RegExp>> = { 2: /GIC-0 +\d+ Level/, 3: /GICv3 +\d+ Level/ };
const MESSAGES = { 2: / MSI +\d+ Edge/, 3: /ITS-MSI +\d+ Edge/ };

const ROWS: readonly Row[] = [
  { title: "virtio-mmio, version 2", gic: 2, ending: "-device", chip: /GIC-0 +\d+ Edge/ },
  { title: "virtio-mmio, version 1", gic: 2, ending: "-device", property: "force-legacy=on", chip: /GIC-0 +\d+ Edge/ },
  { title: "PCI, the modern interface, MSI-X by GICv2m", gic: 2, ending: "-pci-non-transitional", chip: MESSAGES[2] },
  { title: "PCI, the modern interface, MSI-X by the ITS", gic: 3, ending: "-pci-non-transitional", chip: MESSAGES[3] },
  { title: "PCI, both interfaces, MSI-X by GICv2m", gic: 2, ending: "-pci-transitional", chip: MESSAGES[2] },
  {
    title: "PCI, the modern interface, interrupt pins",
    gic: 2,
    ending: "-pci-non-transitional",
    property: "vectors=0",
    chip: PINS[2],
  },
];

const at = (name: string): string => join(folder, name);

function args({ gic, ending, property }: Row): string[] {
  const device = (name: string, ...properties: string[]): string[] => [
    "-device",
    // As in QEMU the balloon on PCI never has messages, and no such property.
    [`${name}${ending}`, ...properties, property ?? []]
      .flat()
      .filter((word) => !(name === "virtio-balloon" && word.startsWith("vectors")))
      .join(","),
  ];
  const drive = (id: string, file: string): string[] => [
    "-drive",
    `if=none,id=${id},file=${at(file)},format=raw,snapshot=on`,
  ];
  const socket = (id: string): string[] => ["-chardev", `socket,id=${id},path=${at(id)},server=on,wait=off`];
  const port = (id: string): string[] => [
    ...socket(id),
    ...["-device", `virtserialport,bus=s.0,chardev=${id},name=org.example.${id}`],
  ];
  return [
    ...["-M", `virt,gic-version=${gic}`, "-cpu", "cortex-a57", "-m", `${MEMORY_MIB}`, "-nographic", "-no-reboot"],
    ...["-d", "guest_errors", "-kernel", guestFile("stock", "kernel"), "-initrd", guestFile("stock", "initrd")],
    ...["-append", "console=ttyAMA0 quiet cryptomgr.notests rodata=on"],
    ...[...socket("monitor"), "-mon", "chardev=monitor"],
    ...[...drive("hd0", "disk.img"), ...device("virtio-blk", "drive=hd0", "serial=A1")],
    ...["-netdev", "user,id=n0", ...device("virtio-net", "netdev=n0")],
    ...[...device("virtio-scsi", "id=scsi0"), ...drive("hd1", "scsi.img")],
    ...["-device", "scsi-hd,bus=scsi0.0,drive=hd1,serial=S1"],
    ...[...device("virtio-balloon"), ...device("virtio-rng")],
    ...[...device("virtio-serial", "id=s"), ...port("one"), ...port("two")],
    ...["-fsdev", `local,id=f0,path=${at("shared")},security_model=none`],
    ...device("virtio-9p", "fsdev=f0", "mount_tag=host"),
  ];
}

async function start(row: Row): Promise<Armlet> {
  const machine = new Armlet(args(row));
  running.push(machine);
  await machine.until(PROMPT, 240);
  return machine;
}

function talk(name: string): SocketTalk {
  const socket = new SocketTalk(at(name));
  talks.push(socket);
  return socket;
}

const DRIVERS = [
  "virtio_blk",
  "virtio_net",
  "virtio_scsi",
  "virtio_balloon",
  "virtio_rng",
  "virtio_console",
  "9pnet_virtio",
];

/** What a driver does that ours is to refuse; nothing else is. */
const KNOWN_ERRORS = [
  // Linux asks a GICv3 for GICD_TYPER2, which came later.
  /0x[0-9a-f]*800000c$/,
  // Linux notifies the balloon's queue of the statistics before it says DRIVER_OK.
  /virtio-balloon: notification ignored/,
];

/** What Linux warns of on QEMU's machine, too: a SCSI disk says at its first command that it was turned on. */
const KNOWN_COMPLAINTS = [/^sd \S+ Power-on or device reset occurred$/];

const unknown = (lines: readonly string[], known: readonly RegExp[]): string[] =>
  lines.filter((line) => !known.some((pattern) => pattern.test(line)));

for (const row of ROWS) {
  const { title, gic, ending, property = "" } = row;
  test(`${title} (gic-version=${gic}, …${[ending, property].filter(Boolean).join(",")})`, async () => {
    test.setTimeout(600_000);
    const guest = await start(row);
    await workDisk(guest, "/dev/vda", DISK);
    expect(await guest.run("cat /sys/block/vda/serial")).toContain("A1");
    await workNet(guest);
    await guest.run("until head -c 1 /dev/sda >/dev/null 2>&1; do sleep 0.2; done", 60);
    await workDisk(guest, "/dev/sda", SCSI_DISK);
    await workRandomness(guest);
    await workPorts(guest, [talk("one"), talk("two")]);
    await workFiles(guest, at("shared"), "host");
    const monitor = talk("monitor");
    await workHotPlug(guest, monitor, at("scsi.img"), SCSI_DISK);
    await workBalloon(guest, monitor, MEMORY_MIB, 96);

    const devices = await boundDevices(guest);
    expect(devices.map(({ driver }) => driver).toSorted()).toEqual(DRIVERS.toSorted());
    for (const { driver, interrupts, interruptCount } of devices) {
      expect(interruptCount, driver).toBeGreaterThan(0);
      const pins = driver === "virtio_balloon" && ending.startsWith("-pci");
      for (const line of interrupts) expect(line, driver).toMatch(pins ? PINS[gic] : row.chip);
    }
    const complaints = /virtio|9p|scsi|\bsd |\[sd|\bvda|eth0|balloon|hwrng|irq|WARN|BUG/i;
    expect(unknown(await kernelComplaints(guest, complaints), KNOWN_COMPLAINTS)).toEqual([]);
    guest.type("poweroff -f\r");
    expect(await guest.ended).toBe(0);
    const errors = guest.errors.split("\n").filter((line) => /error/.test(line));
    expect(unknown(errors, KNOWN_ERRORS)).toEqual([]);
  });
}
