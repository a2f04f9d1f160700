/**
 * The power goes off while a guest writes. One run of the guest is recorded: what reached the store, and what the guest
 * said is durable. Then, for many moments of it, what a medium could have kept is a disk: e2fsck replays its journal and
 * finds nothing wrong, and every file is there that the guest had said is durable. POWER_CUTS=200 looks at so many.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildCliIfStale, cliFile } from "../../../scripts/build-cli.mjs";
import { readCommandLine } from "../config/command-line.ts";
import { DISK_CHUNK_BYTES } from "../storage/disk-record.ts";
import { KeptDisk } from "../storage/kept-disk.ts";
import { RecordingStore } from "../storage/testing/recording-store.ts";
import { messageChannelTurns } from "../worker/turns.ts";
import { withDefaultGuest } from "./default-guest.ts";
import { nodeNetwork } from "./network.ts";
import { Session } from "./session.ts";
import { Terminal } from "./terminal.ts";
import { manifestFile } from "./testing/armlet.ts";
import { replayAndCheck, withFiles, writeImage } from "../../../e2e/support/file-system-check.ts";
import { checkLoad, LOAD_DISK_BYTES, loadScript, syncedSteps } from "../../../e2e/support/fsync-load.ts";

const CUTS = Number(process.env.POWER_CUTS ?? 10);
const STEPS = CUTS > 50 ? 60 : 24;
const engineFile = fileURLToPath(new URL("armlet.wasm", `file://${cliFile}`));

let folder = "";
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "armlet-power-"));
  if (existsSync(manifestFile)) await buildCliIfStale();
}, 600_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A store that holds a new ext4, each byte of which has reached the medium. */
async function newFileSystem(): Promise<RecordingStore> {
  const path = join(folder, "new.img");
  execFileSync("/sbin/mke2fs", ["-q", "-t", "ext4", "-J", "size=4", path, `${LOAD_DISK_BYTES / 1024}k`]);
  const image = readFileSync(path);
  const store = new RecordingStore(DISK_CHUNK_BYTES);
  const changes = new Map<number, Uint8Array>();
  for (let at = 0; at < image.length; at += DISK_CHUNK_BYTES) {
    const chunk = image.subarray(at, at + DISK_CHUNK_BYTES);
    if (chunk.some((byte) => byte !== 0)) changes.set(at / DISK_CHUNK_BYTES, chunk);
  }
  await store.put(changes, "strict");
  return store;
}

/** Runs the load in a guest, until it has turned itself off. */
async function record(store: RecordingStore): Promise<string> {
  const args = "-drive if=none,id=hd0,format=raw,file=disk:load -device virtio-blk-device,drive=hd0";
  const read = readCommandLine(args.split(" "));
  if (read.kind === "text") throw new Error(read.text);
  const config = await withDefaultGuest(read.config, manifestFile);
  const stdin = new PassThrough();
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  let text = "";
  stdout.setEncoding("utf8").on("data", (part: string) => {
    const before = syncedSteps(text).length;
    text += part;
    for (const step of syncedSteps(text).slice(before)) store.note(`synced ${step}`);
  });
  stderr.setEncoding("utf8").on("data", (part: string) => {
    text += part;
  });
  const disk = await KeptDisk.open({ store, base: null, sizeBytes: LOAD_DISK_BYTES });
  const turns = messageChannelTurns();
  const session = new Session(config, {
    terminal: new Terminal({ stdin, stdout, stderr }),
    turns,
    wasm: await WebAssembly.compile(await readFile(engineFile)),
    clock: { nowMs: () => performance.now(), wallMs: () => Date.now() },
    readFile: async (name) => new Uint8Array(await readFile(name)),
    openDisk: () => Promise.resolve(disk),
    openFiles: () => Promise.reject(new Error("nothing is shared")),
    entropy: (bytes) => bytes.fill(7),
    network: nodeNetwork(() => undefined),
    characters: new Map(),
  });
  await session.start();
  stdin.end(`${loadScript("/dev/vda", STEPS)}\npoweroff -f\n`);
  await session.ended;
  turns.dispose();
  await disk.abandon();
  return text;
}

/** Numbers from 0 to 1 that are the same in each run of the test. */
function* numbers(seed: number): Generator<number, never> {
  for (let state = seed; ; ) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    yield state / 2 ** 32;
  }
}

describe.skipIf(!existsSync(manifestFile))("the power goes off while a guest writes", () => {
  it("the journal is replayed, nothing is wrong, and what was synced is there", { timeout: 900_000 }, async () => {
    const store = await newFileSystem();
    const text = await record(store);
    expect(text).toContain("load done");
    expect(text).not.toMatch(/failed \d/);
    expect(syncedSteps(text).length).toBe(STEPS);
    const { events } = store;
    const strict = events.filter((event) => event.kind === "put" && event.durability === "strict").length;
    expect(strict).toBeGreaterThan(STEPS);
    // Puts that a power cut may undo; without them nothing is looked at.
    const relaxed = events.filter((event) => event.kind === "put" && event.durability === "relaxed").length;
    expect(relaxed).toBeGreaterThan(0);

    const random = numbers(Number(process.env.POWER_CUT_SEED ?? 1));
    const next = (end: number): number => Math.floor(random.next().value * end);
    const lost: number[] = [];
    for (let cut = 0; cut < CUTS; cut++) {
      const count = 1 + next(events.length);
      const chunks = store.afterPowerCut(count, (relaxed) => {
        const reached = next(relaxed + 1);
        lost.push(relaxed - reached);
        return reached;
      });
      const image = join(folder, "cut.img");
      writeImage(image, LOAD_DISK_BYTES, DISK_CHUNK_BYTES, chunks);
      replayAndCheck(image);
      const notes = events.slice(0, count).flatMap((event) => (event.kind === "note" ? [event.text] : []));
      const wrong = withFiles(image, (read) => checkLoad(notes.length, read));
      expect(wrong, `cut ${cut}, after ${count} of ${events.length} events`).toEqual([]);
    }
    console.log(
      `${CUTS} power cuts in ${strict} strict and ${relaxed} relaxed puts; ${lost.filter((count) => count > 0).length} lost some`,
    );
  });
});
