/**
 * The browser is killed while a guest writes. After each kill a new browser opens the same profile: e2fsck replays the
 * journal of what is stored and finds nothing wrong, and every file is there that the guest had said is durable.
 * BROWSER_KILLS says how many kills there are for each store. Kills at every point of the order in which a store is
 * written are in src/ts/cli/power-cut.test.ts.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BrowserContext, chromium, expect, type Page, test } from "playwright/test";
import { bundleWorker, openWorkerPage } from "./support/bundle.ts";
import { replayAndCheck, withFiles, writeImage } from "./support/file-system-check.ts";
import { checkLoad, LOAD_DISK_BYTES, loadScript, syncedSteps } from "./support/fsync-load.ts";
import { defaultArgs, machineAddress, serialText, waitForPrompt } from "./support/machine.ts";

const KILLS = Number(process.env.BROWSER_KILLS ?? 2);
const CHUNK_BYTES = 32 * 1024;
const ID = "power";

let code = "";
let folder = "";
let context: BrowserContext | null = null;

test.beforeAll(async () => {
  code = await bundleWorker("src/ts/storage/testing/read-store.worker.ts");
});

test.beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "armlet-power-"));
});

test.afterEach(async () => {
  await context?.close().catch(() => {});
  rmSync(folder, { recursive: true, force: true });
});

/** The process of the browser whose profile is in our folder. */
function browserProcess(profile: string): number {
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    let command: string[];
    try {
      command = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
    } catch {
      continue;
    }
    const isBrowser =
      command.includes(`--user-data-dir=${profile}`) && !command.some((word) => word.startsWith("--type="));
    if (isBrowser) return Number(pid);
  }
  throw new Error(`no browser has the profile ${profile}`);
}

/** One request to the worker that has the store. Bytes go as base64. */
async function askStore(
  page: Page,
  kind: string,
  fill: (readonly [number, string])[] | null,
): Promise<Map<number, Uint8Array | "zeros">> {
  const answer = await page.evaluate(
    async (request) => {
      const decoded = request.fill?.map(
        ([index, text]) => [index, Uint8Array.from(atob(text), (char) => char.charCodeAt(0))] as const,
      );
      const worker = new Worker("worker.js", { type: "module" });
      type Answer = { chunks: [number, Uint8Array | "zeros" | null][] } | { failure: string };
      const data = await new Promise<Answer>((resolve, reject) => {
        worker.onmessage = (event: MessageEvent<Answer>) => resolve(event.data);
        worker.onerror = ({ message }) => reject(new Error(message));
        worker.postMessage({ ...request, fill: decoded ?? null });
      });
      worker.terminate();
      if ("failure" in data) throw new Error(data.failure);
      const text = (bytes: Uint8Array): string => {
        let binary = "";
        for (let at = 0; at < bytes.length; at += 8192) binary += String.fromCharCode(...bytes.subarray(at, at + 8192));
        return btoa(binary);
      };
      return data.chunks.map(([index, chunk]) => [index, chunk instanceof Uint8Array ? text(chunk) : null] as const);
    },
    { kind, id: ID, chunkBytes: CHUNK_BYTES, fill },
  );
  return new Map(answer.map(([index, text]) => [index, text === null ? "zeros" : Buffer.from(text, "base64")]));
}

/** A new ext4 as a disk of the browser: its chunks, and its row in the list of disks. */
async function makeDisk(page: Page, kind: string): Promise<void> {
  const path = join(folder, "new.img");
  execFileSync("/sbin/mke2fs", ["-q", "-t", "ext4", "-J", "size=4", path, `${LOAD_DISK_BYTES / 1024}k`]);
  const image = readFileSync(path);
  const chunks: (readonly [number, string])[] = [];
  for (let at = 0; at < image.length; at += CHUNK_BYTES) {
    const chunk = image.subarray(at, at + CHUNK_BYTES);
    if (chunk.some((byte) => byte !== 0)) chunks.push([at / CHUNK_BYTES, chunk.toString("base64")]);
  }
  await openWorkerPage(page, code);
  await askStore(page, kind, chunks);
  const base = { kind: "none" };
  const times = { createdMs: 1, usedMs: 1, finished: true };
  const row = {
    id: ID,
    name: ID,
    sizeBytes: LOAD_DISK_BYTES,
    chunkBytes: CHUNK_BYTES,
    store: kind,
    base,
    origin: "",
    ...times,
  };
  await page.evaluate(
    async (record) =>
      await new Promise<void>((resolve, reject) => {
        const request = indexedDB.open("armlet-disks", 1);
        request.onupgradeneeded = () => request.result.createObjectStore("records");
        request.onerror = () => reject(new Error("The list of disks cannot be opened."));
        request.onsuccess = () => {
          const transaction = request.result.transaction("records", "readwrite");
          transaction.objectStore("records").put(record, record.id);
          transaction.oncomplete = () => {
            request.result.close();
            resolve();
          };
        };
      }),
    row,
  );
}

/** Lets a guest write until the browser is killed; returns what the guest's console had said until then. */
async function writeUntilKilled(page: Page, profile: string, afterMs: number): Promise<string> {
  const drive = `-drive if=none,id=hd0,format=raw,file=disk:${ID} -device virtio-blk-device,drive=hd0`;
  await page.goto(machineAddress(`${await defaultArgs(page)} ${drive}`));
  await page.getByRole("button", { name: "Start with the disks" }).click();
  await waitForPrompt(page);
  await page.evaluate(
    (script) => window.vm.serial.write(script),
    `${loadScript("/dev/vda", 100_000).replaceAll("\n", "\r")}\r`,
  );
  await expect.poll(async () => syncedSteps(plain(await serialText(page))).length).toBeGreaterThan(0);
  const end = performance.now() + afterMs;
  let text = "";
  while (performance.now() < end) text = plain(await serialText(page));
  process.kill(browserProcess(profile), "SIGKILL");
  return text;
}

/** Of what a terminal would make of it, only the text. */
function plain(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the shell asks the terminal where its cursor is
  return text.replace(/\u001b\[[0-?]*[ -/]*[@-~]/g, "");
}

for (const kind of ["idb", "opfs"]) {
  test(`what a guest had made durable is there after the browser was killed, ${kind}`, async ({
    launchOptions,
    baseURL,
  }) => {
    test.setTimeout(60_000 * (KILLS + 1));
    for (let kill = 0; kill < KILLS; kill++) {
      const profile = join(folder, `profile-${kill}`);
      const open = async (): Promise<Page> => {
        context = await chromium.launchPersistentContext(profile, { ...launchOptions, baseURL });
        return context.pages()[0] ?? (await context.newPage());
      };
      const page = await open();
      await makeDisk(page, kind);
      const text = await writeUntilKilled(page, profile, Math.random() * 3000);
      await context?.close().catch(() => {});
      const after = await open();
      await openWorkerPage(after, code);
      const chunks = await askStore(after, kind, null);
      await context?.close();
      const image = join(folder, "killed.img");
      writeImage(image, LOAD_DISK_BYTES, CHUNK_BYTES, chunks);
      replayAndCheck(image);
      const synced = syncedSteps(text).length;
      expect(withFiles(image, (read) => checkLoad(synced, read))).toEqual([]);
      rmSync(profile, { recursive: true, force: true });
    }
  });
}
