/**
 * Command lines from QEMU's documentation start the same devices: each is given to qemu-system-aarch64, which says what
 * it made, and to the machine here, which is put together and looked at without a guest.
 */
import { spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { CHILDREN } from "../../virtio/registry.ts";
import { MemoryDisk } from "../../virtio/testing/memory-disk.ts";
import { VirtioPci } from "../../virtio/transport/pci/pci.ts";
import { MemoryTree } from "../files/memory-tree.ts";
import { parseCommandLine } from "../config/command-line.ts";
import { arm64Image } from "../loader/testing/samples.ts";
import { Machine } from "./machine.ts";
import type { MachineServices } from "./services.ts";

const folder = mkdtempSync(join(tmpdir(), "command-lines-"));
const disk = join(folder, "disk.img");
writeFileSync(disk, new Uint8Array(2 ** 20));
afterAll(() => rmSync(folder, { recursive: true }));

const DRIVE = `-drive if=none,id=hd0,format=raw,file=${disk}`;

/**
 * Where they come from: the manual page qemu-system(1) (options -netdev, -nic, -object, -drive, -device), QEMU's pages
 * about virtio devices, and the example of its guest agent; only files and other host's things have other names.
 */
const LINES: readonly string[] = [
  "-netdev user,id=internet -device virtio-net-pci,mac=50:54:00:00:00:42,netdev=internet,id=internet-dev",
  "-netdev user,id=n1 -device virtio-net-pci,netdev=n1 -device virtio-net-pci",
  "-netdev user,id=net0 -device virtio-net-device,netdev=net0",
  "-netdev user,id=n1 -device virtio-net-pci,netdev=n1,mq=off,host_mtu=1400,bootindex=1,romfile=",
  "-object rng-random,id=rng0,filename=/dev/urandom -device virtio-rng-pci,rng=rng0,max-bytes=1024,period=1000",
  "-object rng-builtin,id=rng0 -device virtio-rng-device,rng=rng0",
  `${DRIVE} -device virtio-blk-pci,drive=hd0,serial=deadbeef,bootindex=0`,
  `${DRIVE} -device virtio-blk-device,drive=hd0,id=virtblk0`,
  `${DRIVE} -device virtio-blk-pci-non-transitional,drive=hd0,num-queues=4,queue-size=128,packed=on`,
  `${DRIVE} -device virtio-blk-pci,drive=hd0,disable-legacy=on,disable-modern=off,iommu_platform=on,ats=on`,
  `${DRIVE} -device virtio-blk-pci-transitional,drive=hd0,addr=0x1e,multifunction=on -device virtio-rng-pci,addr=1e.1`,
  `${DRIVE} -device virtio-blk-pci,drive=hd0,write-cache=on,logical_block_size=512,physical_block_size=4096,werror=report`,
  `${DRIVE} -device virtio-blk-pci,drive=hd0,disable-modern=on,vectors=0,ioeventfd=off,event_idx=off`,
  `-device virtio-scsi-pci,id=scsi0 ${DRIVE} -device scsi-hd,drive=hd0,bus=scsi0.0,serial=1234,scsi-id=2`,
  `-device virtio-scsi-device,num_queues=2,cmd_per_lun=16 ${DRIVE} -device scsi-cd,drive=hd0`,
  `-fsdev local,id=fsdev0,path=${folder},security_model=none -device virtio-9p-pci,fsdev=fsdev0,mount_tag=hostshare`,
  `-fsdev local,id=test_dev,path=${folder},security_model=mapped-xattr,readonly=on -device virtio-9p-device,fsdev=test_dev,mount_tag=test_mount`,
  "-device virtio-balloon-pci,deflate-on-oom=on,free-page-reporting=on",
  "-device virtio-balloon-device,id=balloon0",
  "-chardev null,id=qga0 -device virtio-serial-pci -device virtserialport,chardev=qga0,name=org.qemu.guest_agent.0",
  "-chardev null,id=c0 -device virtio-serial-device -device virtconsole,chardev=c0",
  "-chardev null,id=c0 -chardev null,id=c1 -device virtio-serial-pci,id=ser0,max_ports=8 -device virtconsole,chardev=c0,bus=ser0.0 -device virtserialport,chardev=c1,bus=ser0.0,nr=5,name=log",
];

/** What a command line made. */
interface Made {
  /** Devices and ports by their type names in QEMU, sorted. */
  readonly types: readonly string[];
  /** Vendor and device IDs of the virtio functions on the PCI bus, sorted. */
  readonly functions: readonly string[];
}

const VIRTIO_TYPE =
  /^(virtio-(blk|net|scsi|balloon|rng|serial|9p)-device|virtio-9p-device|virtconsole|virtserialport|scsi-hd|scsi-cd)$/;

function qemu(line: string): Made {
  const board = ["-M", "virt", "-cpu", "cortex-a57", "-m", "64", "-S", "-nodefaults", "-display", "none"];
  // Into a file: what a full pipe does not take when QEMU quits is lost.
  const answers = join(folder, "answers");
  const out = openSync(answers, "w");
  const { stderr } = spawnSync("qemu-system-aarch64", [...board, "-monitor", "stdio", ...line.split(" ")], {
    input: "info qtree\ninfo pci\nquit\n",
    stdio: ["pipe", out, "pipe"],
    encoding: "utf8",
  });
  closeSync(out);
  const stdout = readFileSync(answers, "utf8");
  if (!stdout.includes("bus: main-system-bus")) throw new Error(`QEMU refuses ${line}: ${stderr}`);
  const types = [...stdout.matchAll(/^\s*dev: ([^,\r\n]+),/gm)].map(([, type = ""]) => type);
  const functions = [...stdout.matchAll(/PCI device (1af4:[0-9a-f]{4})/g)].map(([, ids = ""]) => ids);
  return { types: types.filter((type) => VIRTIO_TYPE.test(type)).sort(), functions: functions.sort() };
}

const wasm = new WebAssembly.Module(readFileSync(new URL("../../../build/armlet.wasm", import.meta.url)));
const services: MachineServices = {
  wasm,
  clock: { nowMs: () => performance.now(), wallMs: () => Date.now() },
  log: { guestError: () => undefined, hostError: () => undefined, info: () => undefined },
  readFile: () => Promise.resolve(arm64Image(4096, 0, 4096)),
  openDisk: () => Promise.resolve(new MemoryDisk(2 ** 20)),
  network: {
    openChannel: () => ({ post: () => undefined, close: () => undefined }),
    openMulticast: null,
    openCapture: () => ({ write: () => true, close: () => undefined }),
  },
  openFiles: () => Promise.resolve(new MemoryTree()),
  entropy: (bytes) => void bytes.fill(1),
  after: () => () => undefined,
  wake: () => undefined,
};

async function armlet(line: string): Promise<Made> {
  const machine = await Machine.create(parseCommandLine(`-M virt -m 64 -kernel Image ${line}`), services);
  const isChild = (name: string): boolean => CHILDREN.some((child) => child.name === name);
  const types = machine.devices.map(({ name, device }) => (isChild(name) ? name : `${device.name}-device`));
  const functions = machine.devices
    .filter(({ name }) => !isChild(name))
    .flatMap(({ transport }) => (transport instanceof VirtioPci ? [transport.function] : []))
    .map((target) => [target.peek(0, 2), target.peek(2, 2)].map((id) => id.toString(16)).join(":"));
  machine.dispose();
  return { types: types.sort(), functions: functions.sort() };
}

describe("QEMU's command lines", () => {
  it.each(LINES)("%s", async (line) => {
    const theirs = qemu(line);
    expect(theirs.types.length).toBeGreaterThan(0);
    expect(await armlet(line)).toEqual(theirs);
  });

  it.each([
    ["-netdev user,id=n1 -device virtio-net,netdev=n1"],
    ["-device virtio-rng"],
    ["-device virtio-balloon"],
    ["-chardev null,id=c -device virtio-serial -device virtconsole,chardev=c"],
    [`-drive format=raw,if=virtio,file=${disk}`],
    [`-virtfs local,path=${folder},mount_tag=host0,security_model=mapped,id=host0`],
  ])("%s: the same devices, which go to mmio here and to PCI in QEMU (docs/devices.md)", async (line) => {
    const theirs = qemu(line);
    expect(theirs.functions).not.toEqual([]);
    expect(await armlet(line)).toEqual({ types: theirs.types, functions: [] });
  });
});
