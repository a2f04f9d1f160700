/**
 * Debian's own kernel does real work with disks, a SCSI host, randomness and serial ports on several transports and ways of
 * interrupts, one boot each. What QEMU's machine shows of virtio on PCI is in pci.spec.ts.
 */
import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "playwright/test";
import { Armlet, guestFile } from "./support/armlet.ts";
import { FIPS_BYTES, fipsFailures } from "./support/fips-140-2.ts";
import { SocketTalk } from "./support/socket-talk.ts";

const PROMPT = /# (\x1b\[6n)?$/;
const sha256 = (bytes: Uint8Array | string): string => createHash("sha256").update(bytes).digest("hex");
const DISK = Buffer.alloc(4 << 20, "what is on the disk, sector by sector ");
const SCSI_DISK = Buffer.alloc(2 << 20, "another disk, behind a SCSI host ");
const WRITTEN = sha256(Buffer.alloc(512 << 10, "armlet\n"));
const PORT_BYTES = 100_000;

let folder: string;
let running: Armlet[] = [];
let talks: SocketTalk[] = [];
test.beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "armlet-virtio-"));
  writeFileSync(join(folder, "disk.img"), DISK);
  writeFileSync(join(folder, "scsi.img"), SCSI_DISK);
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
  readonly machine: string;
  /** Ending of the devices' names, and properties. */
  readonly ending: string;
}

const ROWS: readonly Row[] = [
  { title: "virtio-mmio, version 1", machine: "gic-version=2", ending: "-device,force-legacy=on" },
  { title: "PCI, both interfaces, MSI-X by GICv2m", machine: "gic-version=2", ending: "-pci-transitional" },
  {
    title: "PCI, the modern interface, interrupt pins",
    machine: "gic-version=2",
    ending: "-pci-non-transitional,vectors=0",
  },
  {
    title: "PCI, the legacy interface, interrupt pins",
    machine: "gic-version=2",
    ending: "-pci,disable-modern=on,vectors=0",
  },
];

/** The path of a port of that name. */
const PORTS =
  'port() { for d in /sys/class/virtio-ports/*; do [ "$(cat $d/name 2>/dev/null)" = $1 ] && echo /dev/${d##*/}; done; }';

const at = (name: string): string => join(folder, name);

function args({ machine, ending }: Row): string[] {
  const [suffix = "", ...properties] = ending.split(",");
  const device = (name: string, ...more: string[]): string[] => [
    "-device",
    [name + suffix, ...more, ...properties].join(","),
  ];
  const drive = (id: string, file: string): string[] => [
    "-drive",
    `if=none,id=${id},file=${at(file)},format=raw,snapshot=on`,
  ];
  const port = (name: string): string[] => [
    ...["-chardev", `socket,id=${name},path=${at(name)},server=on,wait=off`],
    ...["-device", `virtserialport,bus=s.0,chardev=${name},name=org.example.${name}`],
  ];
  return [
    ...["-M", `virt,${machine}`, "-cpu", "cortex-a57", "-m", "256", "-nographic", "-no-reboot", "-d", "guest_errors"],
    ...["-kernel", guestFile("stock", "kernel"), "-initrd", guestFile("stock", "initrd")],
    ...["-append", "console=ttyAMA0 loglevel=6 cryptomgr.notests rodata=on"],
    ...drive("hd0", "disk.img"),
    ...device("virtio-blk", "drive=hd0", "serial=A1"),
    ...device("virtio-rng"),
    ...[
      ...device("virtio-scsi", "id=scsi0"),
      ...drive("hd1", "scsi.img"),
      "-device",
      "scsi-hd,bus=scsi0.0,drive=hd1,serial=S1",
    ],
    ...[...device("virtio-serial", "id=s"), ...port("one"), ...port("two")],
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

/** Reads a disk whole, writes its beginning, and reads that back from the disk. */
async function checkDisk(guest: Armlet, device: string, content: Buffer): Promise<void> {
  expect(await guest.run(`sha256sum ${device}`, 120)).toContain(sha256(content));
  const write = `yes armlet | dd of=${device} bs=64k count=8 iflag=fullblock conv=fsync 2>/dev/null`;
  const back = await guest.run(`${write}; echo 3 >/proc/sys/vm/drop_caches; head -c 524288 ${device} | sha256sum`, 120);
  expect(back).toContain(WRITTEN);
}

async function checkRandomness(guest: Armlet): Promise<void> {
  const text = await guest.run(`head -c ${2 * FIPS_BYTES} /dev/hwrng | od -An -v -tx1`, 120);
  const bytes = Uint8Array.from(text.match(/\b[0-9a-f]{2}\b(?= |\r|\n)/g) ?? [], (digits) =>
    Number.parseInt(digits, 16),
  );
  expect(bytes).toHaveLength(2 * FIPS_BYTES);
  const failures = [bytes.subarray(0, FIPS_BYTES), bytes.subarray(FIPS_BYTES)].map(fipsFailures);
  // Eight blocks of a good source in ten thousand fail.
  expect(
    failures.some((block) => block.length === 0),
    JSON.stringify(failures),
  ).toBe(true);
}

/** Two ports at once, both ways. */
async function checkPorts(guest: Armlet): Promise<void> {
  const contents = ["one", "two"].map((name) => ({ name, socket: talk(name), bytes: randomBytes(PORT_BYTES) }));
  for (const { socket, bytes } of contents) socket.send(bytes);
  const take = (name: string): string =>
    `head -c ${PORT_BYTES} $(port org.example.${name}) | sha256sum >/tmp/${name} &`;
  const sums = await guest.run(`${PORTS}; ${take("one")} ${take("two")} wait; cat /tmp/one /tmp/two`, 120);
  expect(sums.match(/[0-9a-f]{64}/g)).toEqual(contents.map(({ bytes }) => sha256(bytes)));
  await guest.run("seq 1 9000 >$(port org.example.one) & seq 9001 18000 >$(port org.example.two) & wait", 120);
  for (const [index, { socket }] of contents.entries()) {
    await socket.until(new RegExp(`\\n${9000 * (index + 1)}\\n`));
    const expected = Array.from({ length: 9000 }, (_, number) => `${9000 * index + number + 1}\n`).join("");
    expect(socket.received.toString()).toBe(expected);
  }
}

for (const row of ROWS) {
  test(`${row.title} (-M virt,${row.machine}, …${row.ending})`, async () => {
    test.setTimeout(600_000);
    const guest = await start(row);
    await checkDisk(guest, "/dev/vda", DISK);
    expect(await guest.run("cat /sys/block/vda/serial")).toContain("A1");
    await guest.run("for i in 1 2 3 4 5 6 7 8 9; do [ -b /dev/sda ] && break; sleep 1; done", 60);
    await checkDisk(guest, "/dev/sda", SCSI_DISK);
    await checkRandomness(guest);
    await checkPorts(guest);
  });
}
