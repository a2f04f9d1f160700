/** The answers of disks and CD drives to an initiator, held against those of QEMU's. */
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MemoryDisk } from "../../testing/memory-disk.ts";
import { HarnessScsi, type Plugged } from "./testing/harness-scsi.ts";
import { lunOf, type ScsiAnswer } from "./testing/initiator.ts";
import { QemuScsi } from "./testing/qemu-scsi.ts";

const DISK_BYTES = 4 * 2 ** 20;
const CD_BYTES = 2 * 2 ** 20;
/** Larger than a CD: a DVD. Sparse in QEMU's file and never read here. */
const DVD_BYTES = 800 * 2 ** 20;

const content = (sizeBytes: number, seed: number): Uint8Array =>
  Uint8Array.from({ length: sizeBytes }, (_, index) => (index * 7 + (index >> 9) * seed) & 0xff);

/** What is plugged in, on both sides with the same words. */
const UNITS = [
  ["scsi-hd", { drive: "hd0", "scsi-id": 1, serial: "ABC123", vendor: "ARM", product: "DISK" }],
  ["scsi-hd", { drive: "hd1", "scsi-id": 3, lun: 5, removable: "on", wwn: "0x5000c500a1b2c3d4" }],
  ["scsi-cd", { drive: "cd0", "scsi-id": 2 }],
  ["scsi-cd", { "scsi-id": 4 }],
  ["scsi-hd", { drive: "hd2", "scsi-id": 6, dpofua: "on", logical_block_size: 4096, physical_block_size: 4096 }],
  ["scsi-cd", { drive: "cd1", "scsi-id": 7, serial: "S", ver: "1.23" }],
  ["scsi-hd", { drive: "hd3", "scsi-id": 8, device_id: "me", rotation_rate: 1, "write-cache": "off" }],
] as const satisfies readonly Plugged[];

type Cdb = readonly number[];
interface Sent {
  readonly what: string;
  readonly cdb: Cdb;
  readonly out?: Uint8Array | undefined;
  readonly inBytes?: number | undefined;
}

const into = (what: string, cdb: Cdb, inBytes: number): Sent => ({ what, cdb, inBytes });
const outOf = (what: string, cdb: Cdb, ...bytes: number[]): Sent => ({ what, cdb, out: Uint8Array.from(bytes) });
const plain = (what: string, ...cdb: number[]): Sent => ({ what, cdb });
const zeros = (count: number): number[] => new Array<number>(count).fill(0);
const ten = (opcode: number, flags: number, lba: number, blocks: number): number[] => [
  opcode,
  flags,
  ...[24, 16, 8, 0].map((shift) => (lba >>> shift) & 0xff),
  0,
  blocks >> 8,
  blocks & 0xff,
  0,
];
const unmapList = (lba: number, blocks: number): number[] => [
  ...[0, 22, 0, 16, 0, 0, 0, 0, 0, 0, 0, 0],
  ...[lba, blocks].flatMap((value) => [24, 16, 8, 0].map((shift) => (value >>> shift) & 0xff)),
  ...zeros(4),
];
const caching = (...bytes: number[]): number[] => [0x08, 18, ...bytes, ...zeros(18 - bytes.length)];
/** Of the device's data-in buffer that both sides get. */
const IN = 255;

const INQUIRIES: readonly Sent[] = [
  into("INQUIRY", [0x12, 0, 0, 0, 36, 0], 36),
  into("INQUIRY, 5 bytes of it", [0x12, 0, 0, 0, 5, 0], 5),
  into("INQUIRY, page without EVPD", [0x12, 0, 1, 0, 5, 0], 5),
  ...[0, 0x80, 0x83, 0xb0, 0x89].map((page) => into(`VPD page ${page}`, [0x12, 1, page, 0, IN, 0], IN)),
];
const MODE_SENSES: readonly Sent[] = [
  ...[0x3f, 1, 4, 5, 8, 0x0a, 0x0e, 0x2a, 0x1c].map((page) =>
    into(`MODE SENSE(6), page ${page}`, [0x1a, 0, page, 0, IN, 0], IN),
  ),
  into("MODE SENSE(6), default values", [0x1a, 0, 0xbf, 0, IN, 0], IN),
  into("MODE SENSE(6), changeable caching", [0x1a, 8, 0x48, 0, IN, 0], IN),
  into("MODE SENSE(6), saved values", [0x1a, 0, 0xff, 0, IN, 0], IN),
  into("MODE SENSE(6), no block descriptor", [0x1a, 8, 0x3f, 0, IN, 0], IN),
  into("MODE SENSE(10)", [0x5a, 0, 0x3f, 0, 0, 0, 0, 0, IN, 0], IN),
];
const MODE_SELECTS: readonly Sent[] = [
  outOf("MODE SELECT(6), cache off", [0x15, 0x10, 0, 0, 24, 0], 0, 0, 0, 0, ...caching(0)),
  into("MODE SENSE(6), caching", [0x1a, 8, 8, 0, IN, 0], IN),
  outOf("MODE SELECT(6), what cannot be changed", [0x15, 0x10, 0, 0, 24, 0], 0, 0, 0, 0, ...caching(0, 1)),
  outOf("MODE SELECT(6), no page format", [0x15, 0, 0, 0, 24, 0], 0, 0, 0, 0, ...caching(4)),
  outOf("MODE SELECT(6), save", [0x15, 0x11, 0, 0, 24, 0], 0, 0, 0, 0, ...caching(4)),
  outOf("MODE SELECT(6), cut off", [0x15, 0x10, 0, 0, 10, 0], 0, 0, 0, 0, 8, 18, 4, 0, 0, 0),
  outOf("MODE SELECT(6), unknown page", [0x15, 0x10, 0, 0, 8, 0], 0, 0, 0, 0, 0x33, 2, 0, 0),
  outOf("MODE SELECT(6), descriptor of 4 bytes", [0x15, 0x10, 0, 0, 8, 0], 0, 0, 0, 4, 0, 0, 0, 0),
  outOf("MODE SELECT(10), cache on", [0x55, 0x10, 0, 0, 0, 0, 0, 0, 28, 0], ...zeros(8), ...caching(4)),
];
const REPORTS: readonly Sent[] = [
  into("REPORT LUNS", [0xa0, 0, 0, 0, 0, 0, 0, 0, 0, 64, 0, 0], 64),
  into("REPORT LUNS, too short", [0xa0, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0], 8),
  into("READ CAPACITY(10)", ten(0x25, 0, 0, 0), 8),
  into("READ CAPACITY(10), an address without PMI", ten(0x25, 0, 5, 0), 8),
  into("READ CAPACITY(16)", [0x9e, 0x10, ...zeros(11), 32, 0, 0], 32),
];
const BLOCKS: readonly Sent[] = [
  into("READ(6)", [0x08, 0, 0, 3, 1, 0], 512),
  into("READ(10)", ten(0x28, 0, 9, 1), 512),
  into("READ(12)", [0xa8, 0, 0, 0, 0, 7, 0, 0, 0, 1, 0, 0], 512),
  into("READ(16)", [0x88, ...zeros(8), 2, 0, 0, 0, 1, 0, 0], 512),
  into("READ(10), protection", ten(0x28, 0x20, 0, 1), 512),
  into("READ(10), beyond the end", ten(0x28, 0, 0x1fff, 2), 1024),
  into("READ(10), far beyond the end", ten(0x28, 0, 0xffff_ffff, 1), 512),
  plain("READ(10), no blocks beyond the end", ...ten(0x28, 0, 0x2001, 0)),
  into("READ(10), a buffer that is too short", ten(0x28, 0, 0, 2), 512),
  into("READ(16), an address of 64 bits", [0x88, 0, ...new Array<number>(8).fill(0xff), 0, 0, 0, 1, 0, 0], 512),
  outOf("WRITE(10)", ten(0x2a, 0, 4, 1), ...content(512, 3)),
  outOf("WRITE(10), FUA", ten(0x2a, 8, 6, 1), ...content(512, 5)),
  outOf("WRITE(6)", [0x0a, 0, 0, 8, 1, 0], ...content(512, 6)),
  into("READ(10) of what was written", ten(0x28, 0, 4, 4), 2048),
  outOf("WRITE(10), too little data", ten(0x2a, 0, 0, 8), ...zeros(2048)),
  into("WRITE(10), the wrong direction", ten(0x2a, 0, 0, 1), 512),
  { what: "both directions", cdb: ten(0x2a, 0, 0, 1), out: new Uint8Array(2048), inBytes: 2048 },
  plain("SYNCHRONIZE CACHE(10)", ...ten(0x35, 0, 0, 0)),
  plain("VERIFY(10)", ...ten(0x2f, 0, 0, 1)),
  plain("SEEK(10)", ...ten(0x2b, 0, 0, 0)),
  plain("SEEK(10), beyond the end", ...ten(0x2b, 0, 0x10000, 0)),
  plain("RESERVE(6)", 0x16, 0, 0, 0, 0, 0),
  plain("RELEASE(6)", 0x17, 0, 0, 0, 0, 0),
  plain("RESERVE(6), extent", 0x16, 1, 0, 0, 0, 0),
];
const PROVISIONING: readonly Sent[] = [
  outOf("UNMAP", ten(0x42, 0, 0, 24), ...unmapList(8, 8)),
  outOf("UNMAP, anchored", ten(0x42, 1, 0, 24), ...unmapList(8, 8)),
  outOf("UNMAP, length of descriptors", ten(0x42, 0, 0, 24), 0, 22, 0, 32, ...zeros(20)),
  outOf("UNMAP, beyond the end", ten(0x42, 0, 0, 24), ...unmapList(0x1_0000, 8)),
  plain("UNMAP of nothing", ...ten(0x42, 0, 0, 0)),
  outOf("UNMAP, 7 bytes", ten(0x42, 0, 0, 7), ...zeros(7)),
  outOf("WRITE SAME(10)", ten(0x41, 0, 16, 4), ...content(4096, 2)),
  into("READ(10) of what was written", ten(0x28, 0, 16, 1), 4096),
  outOf("WRITE SAME(10), UNMAP", ten(0x41, 8, 16, 2), ...zeros(4096)),
  into("READ(10) of what was unmapped", ten(0x28, 0, 17, 1), 4096),
  outOf("WRITE SAME(10), no blocks", ten(0x41, 0, 16, 0), ...zeros(4096)),
  outOf("WRITE SAME(10), anchored", ten(0x41, 0x10, 16, 4), ...zeros(4096)),
  plain("WRITE SAME(16), no data", 0x93, 9, ...zeros(7), 24, 0, 0, 0, 4, 0, 0),
  plain("WRITE SAME(16), no data and no UNMAP", 0x93, 1, ...zeros(7), 28, 0, 0, 0, 4, 0, 0),
  outOf("WRITE SAME(16), beyond the end", [0x93, 8, ...zeros(6), 0x40, 0, 0, 0, 0, 4, 0, 0], ...zeros(4096)),
];
const TRAY: readonly Sent[] = [
  plain("PREVENT MEDIUM REMOVAL", 0x1e, 0, 0, 0, 1, 0),
  into("MODE SENSE(6), page 2a of a locked drive", [0x1a, 0, 0x2a, 0, IN, 0], IN),
  plain("START STOP UNIT, eject a locked drive", 0x1b, 0, 0, 0, 2, 0),
  plain("TEST UNIT READY", ...zeros(6)),
  plain("ALLOW MEDIUM REMOVAL", 0x1e, 0, 0, 0, 0, 0),
  plain("START STOP UNIT, stop", 0x1b, 0, 0, 0, 0, 0),
  plain("TEST UNIT READY", ...zeros(6)),
  plain("START STOP UNIT, eject", 0x1b, 0, 0, 0, 2, 0),
  plain("TEST UNIT READY", ...zeros(6)),
  into("READ(10)", ten(0x28, 0, 0, 1), 4096),
  into("READ CAPACITY(10)", ten(0x25, 0, 0, 0), 8),
  into("INQUIRY", [0x12, 0, 0, 0, 36, 0], 36),
  into("GET EVENT STATUS NOTIFICATION", [0x4a, 1, 0, 0, 0x10, 0, 0, 0, 8, 0], 8),
  plain("START STOP UNIT, load", 0x1b, 0, 0, 0, 3, 0),
  into("GET EVENT STATUS NOTIFICATION", [0x4a, 1, 0, 0, 0x10, 0, 0, 0, 8, 0], 8),
  plain("TEST UNIT READY", ...zeros(6)),
  plain("START STOP UNIT, a power condition", 0x1b, 0, 0, 0, 0x20, 0),
];
const DISC: readonly Sent[] = [
  ...[0, 2].flatMap((flags) => [
    into("READ TOC", [0x43, flags, 0, 0, 0, 0, 0, 0, IN, 0], IN),
    into("READ TOC, sessions", [0x43, flags, 1, 0, 0, 0, 0, 0, IN, 0], IN),
    into("READ TOC, raw", [0x43, flags, 2, 0, 0, 0, 0, 0, IN, 0], IN),
    into("READ TOC, lead-out", [0x43, flags, 0, 0, 0, 0, 0xaa, 0, IN, 0], IN),
    into("READ TOC, second track", [0x43, flags, 0, 0, 0, 0, 2, 0, IN, 0], IN),
    into("READ TOC, format 3", [0x43, flags, 3, 0, 0, 0, 0, 0, IN, 0], IN),
  ]),
  into("GET CONFIGURATION", [0x46, 0, 0, 0, 0, 0, 0, 0, IN, 0], IN),
  into("GET CONFIGURATION, the current ones", [0x46, 1, 0, 0, 0, 0, 0, 0, IN, 0], IN),
  into("GET EVENT STATUS NOTIFICATION", [0x4a, 1, 0, 0, 0x10, 0, 0, 0, 8, 0], 8),
  into("GET EVENT STATUS NOTIFICATION, asynchronous", [0x4a, 0, 0, 0, 0x10, 0, 0, 0, 8, 0], 8),
  into("GET EVENT STATUS NOTIFICATION, other classes", [0x4a, 1, 0, 0, 2, 0, 0, 0, 8, 0], 8),
  into("READ DISC INFORMATION", [0x51, 0, 0, 0, 0, 0, 0, 0, 64, 0], 64),
  into("READ DISC INFORMATION, tracks", [0x51, 1, 0, 0, 0, 0, 0, 0, 64, 0], 64),
  into("MECHANISM STATUS", [0xbd, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0], 8),
];
const FIRST: readonly Sent[] = [
  into("INQUIRY, which does not report the reset", [0x12, 0, 0, 0, 36, 0], 36),
  plain("qtest:virtio-scsi/power-on-ua TEST UNIT READY", ...zeros(6)),
  plain("TEST UNIT READY", ...zeros(6)),
  into("unknown command of group 7", [0xff, 0, 0, 0, 0, 0], 0),
  into("REZERO UNIT", [0x01, 0, 0, 0, 0, 0], 0),
];

/** The same with blocks of 512 bytes. */
function with512(sent: Sent): Sent {
  const inBytes = sent.inBytes === 4096 ? 512 : sent.inBytes;
  return { ...sent, inBytes, out: sent.out?.length === 4096 ? sent.out.subarray(0, 512) : sent.out };
}

/** What each unit gets, by its place: what this one has no medium for is left out. */
const SEQUENCES: readonly (readonly [target: number, lun: number, commands: readonly Sent[]])[] = [
  [
    1,
    0,
    [
      ...FIRST,
      ...INQUIRIES,
      ...[0xb1, 0xb2].map((page) => into(`VPD page ${page}`, [0x12, 1, page, 0, IN, 0], IN)),
      ...REPORTS,
      ...MODE_SENSES,
      ...BLOCKS,
      ...MODE_SELECTS,
      ...PROVISIONING.map(with512),
      ...TRAY.map(with512),
    ],
  ],
  [3, 5, [...FIRST, ...INQUIRIES, ...REPORTS, ...MODE_SENSES, ...TRAY.map(with512)]],
  [2, 0, [...FIRST, ...INQUIRIES, ...REPORTS, ...MODE_SENSES, ...DISC, ...MODE_SELECTS, ...TRAY, ...DISC]],
  [
    4,
    0,
    [
      ...FIRST.slice(0, 4),
      ...INQUIRIES,
      ...REPORTS,
      ...MODE_SENSES.filter(({ what }) => !what.includes("descriptor")),
      ...DISC,
      ...TRAY,
    ],
  ],
  [6, 0, [...FIRST, ...INQUIRIES, ...REPORTS, ...MODE_SENSES, ...PROVISIONING]],
  [7, 0, [...FIRST, ...INQUIRIES, ...REPORTS, ...MODE_SENSES, ...DISC]],
  [
    8,
    0,
    [
      ...FIRST,
      ...INQUIRIES,
      into("VPD page 177", [0x12, 1, 0xb1, 0, IN, 0], IN),
      ...MODE_SENSES,
      ...BLOCKS.filter(({ cdb }) => [0x0a, 0x2a].includes(cdb[0] as number)),
    ],
  ],
  // No such unit, on a target that has another one; LUN 0 of such a target; no such target.
  ...(
    [
      [1, 1],
      [3, 0],
      [3, 300],
      [9, 0],
    ] as const
  ).map(
    ([target, lun]) =>
      [
        target,
        lun,
        [
          plain("TEST UNIT READY", ...zeros(6)),
          into("VPD page 0", [0x12, 1, 0, 0, IN, 0], IN),
          into("REQUEST SENSE", [0x03, 0, 0, 0, 252, 0], 252),
          into("REPORT LUNS", [0xa0, 0, 0, 0, 0, 0, 0, 0, 0, 64, 0, 0], 64),
          into("READ(10)", ten(0x28, 0, 0, 1), 2048),
        ],
      ] as const,
  ),
];

/** Where QEMU and the standard part; the answer here is the standard's. */
const DIFFERENCES: readonly { readonly unit: string; readonly what: string; readonly why: string }[] = [
  { unit: "3:5", what: "REPORT LUNS", why: "every unit may list those of its target (SPC-4, 6.33)" },
  { unit: "3:5", what: "REPORT LUNS, too short", why: "the same" },
  ...["1:0", "3:5"].map((unit) => ({
    unit,
    what: "GET EVENT STATUS NOTIFICATION",
    why: "a disk does not know the command (SPC-4, 4.4), rather than a field of it",
  })),
  ...["1:1", "3:0", "3:300"].map((unit) => ({
    unit,
    what: "VPD page 0",
    why: "byte 0 is that of standard INQUIRY data (SPC-4, 7.8.1)",
  })),
  { unit: "3:0", what: "READ(10)", why: "the unit is not supported (SPC-4, 5.9); the command would be" },
];

function isDifferent(unit: string, what: string): boolean {
  return DIFFERENCES.some((row) => row.unit === unit && row.what === what);
}

/** `data` as far as something was written: QEMU fills up with zeros to the allocation length, which no standard asks for. */
function written({ data }: ScsiAnswer): number[] {
  let end = data.length;
  while (end > 0 && (data[end - 1] === 0xee || data[end - 1] === 0)) end -= 1;
  return [...data.subarray(0, end)];
}

function summary(answer: ScsiAnswer): string {
  const { response, status, sense } = answer;
  const hex = (bytes: readonly number[]): string => Buffer.from(bytes).toString("hex");
  return `response ${response}, status ${status}, sense ${hex(sense)}, data ${hex(written(answer))}`;
}

describe("virtio-scsi against the one of qemu-system-aarch64 -M virt -qtest", () => {
  let folder: string;
  let qemu: QemuScsi;
  let ours: HarnessScsi;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "armlet-scsi-"));
    const contents = {
      hd0: content(DISK_BYTES, 1),
      hd1: content(DISK_BYTES, 2),
      hd2: content(DISK_BYTES, 3),
      hd3: content(DISK_BYTES, 4),
      cd0: content(CD_BYTES, 5),
      cd1: new Uint8Array(0),
    };
    const disks: Record<string, MemoryDisk> = {};
    const drives: string[] = [];
    for (const [id, bytes] of Object.entries(contents)) {
      writeFileSync(join(folder, id), bytes);
      disks[id] = new MemoryDisk(bytes.length);
      disks[id].bytes.set(bytes);
      const media = id.startsWith("cd") ? "media=cdrom," : "";
      drives.push("-drive", `if=none,id=${id},${media}format=raw,file=${join(folder, id)}`);
    }
    truncateSync(join(folder, "cd1"), DVD_BYTES);
    (disks["cd1"] as MemoryDisk).sizeBytes = DVD_BYTES;
    const devices = UNITS.flatMap(([name, properties]) => [
      "-device",
      [name, "bus=scsi0.0", ...Object.entries(properties).map((pair) => pair.join("="))].join(),
    ]);
    qemu = await QemuScsi.start([...drives, ...devices]);
    ours = new HarnessScsi({ transport: "mmio v2", eventIdx: false, style: "direct" }, disks, UNITS, {}, 0x200_0000);
    ours.start();
  });
  afterAll(async () => {
    await qemu.stop();
    rmSync(folder, { recursive: true });
  });

  it.each(SEQUENCES)("target %i, LUN %i", async (target, lun, commands) => {
    const differing: string[] = [];
    for (const { what, cdb, out = new Uint8Array(0), inBytes = 0 } of commands) {
      const theirs = summary(await qemu.command(lunOf(target, lun), cdb, out, inBytes));
      const mine = summary(await ours.command(lunOf(target, lun), cdb, out, inBytes));
      if (isDifferent(`${target}:${lun}`, what)) expect(mine, `${what} is not different any more`).not.toBe(theirs);
      else if (mine !== theirs) differing.push(`${what}\nhere ${mine}\nQEMU ${theirs}`);
    }
    expect(differing.join("\n")).toBe("");
  });
});
