/**
 * The browser, or the worker that the machine is in, is killed while a guest writes. After each kill e2fsck replays the
 * journal of what is stored and finds nothing wrong, and every file is there that the guest had said is durable.
 *
 * WORKER_KILLS and BROWSER_KILLS say how many kills there are. The machine after a kill has the same disks: its guest
 * replays the journals, and what was durable before stays so over the next kill. Kills at every point of the order in which
 * a store is written are in src/ts/cli/power-cut.test.ts.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type BrowserContext, chromium, expect, type Page, test } from "playwright/test";
import { type BrowserDisk, makeDisk, saveDisk } from "./support/browser-disk.ts";
import { bundleWorker, openWorkerPage } from "./support/bundle.ts";
import { replayAndCheck, withFiles } from "./support/file-system-check.ts";
import { checkLoad, loadScript, syncedSteps } from "./support/fsync-load.ts";
import { type KillMoment, preparePackagePage, runUntilKilled, shortestArgs } from "./support/machine-kill.ts";
import { BOOT_TIMEOUT_MS, defaultArgs, machineAddress, serialText, waitForPrompt } from "./support/machine.ts";

const BROWSER_KILLS = Number(process.env.BROWSER_KILLS ?? 1);
const WORKER_KILLS = Number(process.env.WORKER_KILLS ?? 3);
/** More than any load comes to before it is killed. */
const MANY_STEPS = 100_000;
/** The browser is killed in the first so many milliseconds after something is durable. */
const LOAD_MS = 2500;
/** One in each store, both written at the same time. */
const DISKS: readonly BrowserDisk[] = [
  { id: "power-idb", kind: "idb" },
  { id: "power-opfs", kind: "opfs" },
];

const scripts = fileURLToPath(new URL("../scripts", import.meta.url));

let code = "";
let folder = "";
let context: BrowserContext | null = null;

test.beforeAll(async () => {
  test.setTimeout(300_000);
  code = await bundleWorker("src/ts/storage/testing/read-store.worker.ts");
  execFileSync(process.execPath, [join(scripts, "build-package.mjs")], { stdio: "pipe" });
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

function drive({ id }: BrowserDisk): string {
  return `-drive if=none,id=${id},format=raw,file=disk:${id} -device virtio-blk-device,drive=${id},serial=${id}`;
}

/** Of what a terminal would make of it, only the text. */
function plain(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the shell asks the terminal where its cursor is
  return text.replace(/\u001b\[[0-?]*[ -/]*[@-~]/g, "");
}

/** What a guest does to the disks, at the same time. */
function load(number: number): string {
  // Debian's kernel has it as a module, which two mounts at once would both want loaded: one of them in vain.
  const prepare = "modprobe -q ext4 2>/dev/null\r";
  const loads = DISKS.map(({ id, kind }) => {
    const device = `/dev/$(cd /sys/block; grep -lx ${id} vd*/serial | cut -d/ -f1)`;
    // Those before the last two are thrown away, which is a load, too.
    const options = { label: kind, folder: `load-${number}`, remove: `load-${number - 2}`, restMs: 100 };
    // As one types it.
    return `( ${loadScript(device, MANY_STEPS, options)} ) &\r`.replaceAll("\n", "\r");
  });
  return prepare + loads.join("");
}

/** Checks the disks after a kill, for what was durable in this load and in the one before. */
async function checkDisks(page: Page, consoles: readonly string[]): Promise<void> {
  const last = consoles.length - 1;
  const about = `kill ${last}, after:\n${consoles[last]?.slice(-3000)}`;
  expect(consoles[last], about).not.toMatch(/EXT4-fs.*error|I\/O error|^failed \d/m);
  for (const disk of DISKS) {
    const image = join(folder, "killed.img");
    await saveDisk(page, disk, image);
    replayAndCheck(image);
    const wrong = withFiles(image, (read) =>
      [last - 1, last].flatMap((number) =>
        checkLoad(durable(consoles[number], disk), (name) => read(`load-${number}/${name}`)).map(
          (sentence) => `${disk.kind}, load ${number}: ${sentence}`,
        ),
      ),
    );
    expect(wrong, about).toEqual([]);
  }
}

/** The last step that was durable, as a console has it. */
function durable(text: string | undefined, { kind }: BrowserDisk): number {
  return Math.max(0, ...syncedSteps(text ?? "", kind));
}

function durableSteps(consoles: readonly string[]): number {
  return DISKS.flatMap((disk) => consoles.map((text) => durable(text, disk))).reduce((sum, steps) => sum + steps, 0);
}

test("what a guest had made durable is there after the browser was killed, in each store", async ({
  launchOptions,
  baseURL,
}) => {
  test.setTimeout(BOOT_TIMEOUT_MS * (BROWSER_KILLS + 1));
  const profile = join(folder, "profile");
  const open = async (): Promise<Page> => {
    context = await chromium.launchPersistentContext(profile, { ...launchOptions, baseURL });
    return context.pages()[0] ?? (await context.newPage());
  };
  let page = await open();
  await openWorkerPage(page, code);
  for (const disk of DISKS) await makeDisk(page, disk, join(folder, "new.img"));
  const consoles: string[] = [];
  for (let kill = 0; kill < BROWSER_KILLS; kill++) {
    await page.goto(machineAddress([await defaultArgs(page), ...DISKS.map(drive)].join(" ")));
    await page.getByRole("button", { name: "Start with the disks" }).click();
    await waitForPrompt(page);
    await page.evaluate((script) => window.vm.serial.write(script), load(kill));
    const heard = async (): Promise<string> => plain(await serialText(page));
    await expect.poll(async () => durableSteps([await heard()]), { timeout: BOOT_TIMEOUT_MS }).toBeGreaterThan(0);
    const end = performance.now() + Math.random() * LOAD_MS;
    let text = await heard();
    while (performance.now() < end) text = await heard();
    process.kill(browserProcess(profile), "SIGKILL");
    consoles.push(text);
    await context?.close().catch(() => {});
    page = await open();
    await openWorkerPage(page, code);
    await checkDisks(page, consoles);
  }
});

test("what a guest had made durable is there after its worker was killed, in each store", async ({
  launchOptions,
  baseURL,
}) => {
  test.setTimeout(2 * BOOT_TIMEOUT_MS * (WORKER_KILLS + 1));
  context = await chromium.launchPersistentContext(join(folder, "profile"), { ...launchOptions, baseURL });
  const page = context.pages()[0] ?? (await context.newPage());
  await preparePackagePage(page);
  await openWorkerPage(page, code);
  for (const disk of DISKS) await makeDisk(page, disk, join(folder, "new.img"));
  const args = [await shortestArgs(page), ...DISKS.map(drive)].join(" ");
  const consoles: string[] = [];
  for (let kill = 0; kill < WORKER_KILLS; kill++) {
    consoles.push(plain(await runUntilKilled(page, args, load(kill), momentOf(kill))));
    await checkDisks(page, consoles);
  }
  const steps = durableSteps(consoles);
  console.log(`${WORKER_KILLS} kills, ${steps} durable steps`);
  expect(steps).toBeGreaterThan(0);
});

/** One kill of four comes while file systems are mounted and journals replayed; one the moment that something is durable. */
function momentOf(kill: number): KillMoment {
  const steps = kill % 4 === 0 ? 0 : 1 + Math.floor(Math.random() * 10);
  return { steps, afterMs: kill % 4 === 1 ? 0 : Math.random() * (steps === 0 ? 1500 : 300) };
}
