import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { createWriteStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { type BrowserContext, chromium, expect, type Page, test } from "playwright/test";
import { boot, defaultArgs, machineAddress, machineArgs, run, waitForPrompt } from "./support/machine.ts";

/** A disk with a file system of mke2fs: 32 MiB of which most is never touched. */
const IMAGE_BYTES = 32 * 1024 * 1024;

let folder: string;
let context: BrowserContext;
let page: Page;
let server: Server;
let image: { bytes: Buffer; etag: string };
let address: string;

test.beforeEach(async ({ launchOptions, baseURL }) => {
  folder = mkdtempSync(join(tmpdir(), "armlet-kept-"));
  // In memory, as other contexts are, storage behaves differently.
  context = await chromium.launchPersistentContext(join(folder, "profile"), { ...launchOptions, baseURL });
  page = context.pages()[0] ?? (await context.newPage());
  image = { bytes: fileSystem(), etag: '"1"' };
  server = createServer((request, response) => {
    if (request.method === "POST") {
      const to = createWriteStream(join(folder, basename(request.url ?? "")));
      request.pipe(to).on("finish", () => response.writeHead(200, { "Access-Control-Allow-Origin": "*" }).end());
      return;
    }
    const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "");
    const start = Number(range?.[1] ?? 0);
    const end = Math.min(Number(range?.[2] ?? image.bytes.length - 1) + 1, image.bytes.length);
    response.writeHead(range === null ? 200 : 206, {
      "Access-Control-Allow-Origin": "*",
      "Access-Control-Expose-Headers": "Content-Range, ETag",
      "Content-Type": "application/octet-stream",
      "Content-Length": end - start,
      ETag: image.etag,
      ...(range === null ? {} : { "Content-Range": `bytes ${start}-${end - 1}/${image.bytes.length}` }),
    });
    response.end(image.bytes.subarray(start, end));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/data.img`;
});

test.afterEach(async () => {
  await context.close();
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

function fileSystem(): Buffer {
  const path = join(folder, "made.img");
  writeFileSync(path, Buffer.alloc(IMAGE_BYTES));
  execFileSync("/sbin/mke2fs", ["-q", "-F", "-t", "ext4", path]);
  return readFileSync(path);
}

function drive(file: string, options = ""): string {
  return `-drive if=none,id=hd0,format=raw,file=${file}${options} -device virtio-blk-device,drive=hd0`;
}

async function machine(page: Page, file: string, options = ""): Promise<void> {
  await boot(page, machineAddress(`${await defaultArgs(page)} ${drive(file, options)}`));
}

/** Ids of the kept disks. */
async function keptDisks(page: Page): Promise<string[]> {
  return await page.evaluate(async () => (await window.disks.list()).map(({ id }) => id));
}

const MOUNT = "mkdir -p /tmp/d; mount -t ext4 /dev/vda /tmp/d && echo mounted";

test("what a guest writes over an image on a server is there after a reload, and the image is checked", async () => {
  await machine(page, address);
  expect(await run(page, MOUNT)).toContain("mounted");
  expect(await run(page, "cat /tmp/d/words; ls /tmp/d")).toContain("lost+found");
  await run(page, "seq 1 20000 > /tmp/d/words; sync");
  expect(await page.evaluate(() => window.vm.disks[0])).toMatchObject({ drive: "hd0", keeping: "kept", trouble: null });
  await page.evaluate(() => window.vm.flush());
  await expect.poll(() => page.evaluate(() => window.vm.hasUnsavedWrites)).toBe(false);
  // Not unmounted: as after a power cut, the journal is replayed.
  await page.reload();
  await boot(page, machineAddress(`${await defaultArgs(page)} ${drive(address)}`));
  expect(await run(page, MOUNT)).toContain("mounted");
  const words = Array.from({ length: 20_000 }, (_, index) => `${index + 1}\n`).join("");
  expect(await run(page, "sha256sum /tmp/d/words")).toContain(createHash("sha256").update(words).digest("hex"));
  await run(page, "umount /tmp/d");

  // By its id it is the same disk.
  const [id] = await keptDisks(page);
  await page.goto(machineAddress(`${await defaultArgs(page)} ${drive(`disk:${id}`)}`));
  // A link of somebody else's must not reach it.
  await page.getByRole("button", { name: "Start with the disks" }).click();
  await expect.poll(() => machineArgs(page)).toContain(`disk:${id}`);
  await waitForPrompt(page);
  expect(await run(page, `${MOUNT}; wc -l < /tmp/d/words`)).toMatch(/mounted\s+20000/);
  await run(page, "umount /tmp/d");

  image = { bytes: fileSystem(), etag: '"2"' };
  await page.goto(machineAddress(`${await defaultArgs(page)} ${drive(address)}`));
  await expect(page.locator("armlet-notice[shape=card]")).toContainText("has changed on the server");
  await expect(page.locator("armlet-notice[shape=card]")).toContainText("snapshot=on");
  await machine(page, address, ",snapshot=on");
  expect(await run(page, `${MOUNT}; ls /tmp/d`)).not.toContain("words");
});

test("a second tab gets a view of a disk that is open, and a sentence", async () => {
  await machine(page, address);
  await run(page, `${MOUNT}; echo first > /tmp/d/who; sync`);
  const other = await context.newPage();
  await machine(other, address);
  await expect(other.locator("body")).toContainText(
    "is open in another tab or machine: what is written here is not kept",
  );
  expect(await run(other, `${MOUNT}; cat /tmp/d/who`)).toMatch(/mounted\s+first/);
  await run(other, "echo second > /tmp/d/who; sync; umount /tmp/d");
  expect(await run(page, "cat /tmp/d/who")).toContain("first");
  await run(page, "umount /tmp/d");
  await other.close();
  // Whoever comes after the first has the disk.
  await page.evaluate(() => window.vm.dispose());
  await machine(page, address);
  expect(await run(page, `${MOUNT}; cat /tmp/d/who`)).toMatch(/mounted\s+first/);
  expect(await page.evaluate(() => window.vm.disks[0]?.keeping)).toBe("kept");
});

test("a full browser is an I/O error for the guest and choices for the user; nothing flushed is lost", async () => {
  // Set before anything is stored: the browser looks at it again only when what it knows does not suffice.
  const session = await context.newCDPSession(page);
  const origin = new URL(test.info().project.use.baseURL ?? "").origin;
  await session.send("Storage.overrideQuotaForOrigin", { origin, quotaSize: 8 * 1024 * 1024 });
  await machine(page, address);
  // What the kernel says of errors is not to be in the middle of what commands print.
  await run(page, `dmesg -n 1; ${MOUNT}; echo safe > /tmp/d/safe; sync`);
  await page.evaluate(() => {
    const troubles: unknown[] = [];
    window.vm.on("disk-trouble", (trouble) => troubles.push(trouble));
    Object.assign(window, { troubles });
  });
  const output = await run(
    page,
    "dd if=/dev/urandom of=/tmp/d/big bs=1M count=20 oflag=direct conv=fsync; echo status $?; dmesg | grep -c 'I/O error.*vda'",
  );
  expect(output).toMatch(/status 1/);
  expect(output).toMatch(/\n[1-9]\d*\s*$/);
  await expect
    .poll(() => page.evaluate(() => (window as unknown as { troubles: unknown[] }).troubles))
    .toMatchObject([{ drive: "hd0", code: "quota" }]);
  const notice = page.locator("armlet-notice[shape=strip]", {
    hasText: "There was no room for what the guest wrote to",
  });
  await expect(notice).toContainText("Nothing that it flushed before is lost");
  await expect(notice.getByRole("button", { name: "Go on without writing" })).toBeVisible();
  await notice.getByRole("button", { name: "Disks" }).click();
  await expect(page.locator("storage-meter")).toBeVisible();
  await page.keyboard.press("Escape");
  // As long as there is no room, trying again does not help.
  await notice.getByRole("button", { name: "Try again" }).click();
  await expect(notice).toContainText("tried again, and failed: There is no room left");
  expect(await page.evaluate(() => window.vm.disks[0]?.trouble)).toBe("quota");

  await session.send("Storage.overrideQuotaForOrigin", { origin, quotaSize: 1024 * 1024 * 1024 });
  await notice.getByRole("button", { name: "Try again" }).click();
  await expect(notice).toHaveCount(0);
  await expect.poll(() => page.evaluate(() => window.vm.hasUnsavedWrites)).toBe(false);
  expect(await page.evaluate(() => window.vm.disks[0])).toMatchObject({ trouble: null, dirtyBytes: 0 });
  await machine(page, address);
  expect(await run(page, `${MOUNT}; cat /tmp/d/safe`)).toMatch(/mounted\s+safe/);
  await run(page, "echo more > /tmp/d/more; sync; umount /tmp/d");
});

test("where the browser keeps nothing, the machine runs with a disk in memory and says so", async () => {
  await context.addInitScript(() => {
    // As a browser with site data switched off does it; workers too.
    const NativeWorker = Worker;
    const refuse = `IDBFactory.prototype.open = () => { throw new DOMException("off", "SecurityError"); };`;
    window.Worker = class extends NativeWorker {
      constructor(url: string | URL, options?: WorkerOptions) {
        // What is posted before the worker's own script has run waits for it.
        const source = `${refuse}
          const early = [];
          onmessage = (event) => early.push(event);
          await import(${JSON.stringify(String(new URL(url, document.baseURI)))});
          for (const event of early) onmessage(event);`;
        super(URL.createObjectURL(new Blob([source], { type: "text/javascript" })), options);
      }
    };
  });
  await machine(page, address);
  await expect(page.locator("body")).toContainText("is not kept");
  expect(await run(page, `${MOUNT}; echo here > /tmp/d/x; sync; umount /tmp/d; ${MOUNT}; cat /tmp/d/x`)).toContain(
    "here",
  );
  expect(await page.evaluate(() => window.vm.disks[0]?.keeping)).toBe("memory");
});

/** Has the page write a disk as a file, which the test's server takes. */
async function exported(page: Page, id: string, format: "raw" | "qcow2"): Promise<string> {
  const name = `out.${format}`;
  await page.evaluate(
    async ({ id, format, to }) => {
      const { readable, writable } = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>();
      const file = new Response(readable).blob();
      await window.disks.export(id, format, writable);
      await fetch(to, { method: "POST", body: await file });
    },
    { id, format, to: new URL(`/${name}`, address).href },
  );
  return join(folder, name);
}

test("a tab that is closed in the middle of an import leaves nothing behind", async () => {
  const other = await context.newPage();
  await other.goto("./?start");
  await page.goto("./?start");
  await page.evaluate(async () => {
    const part = crypto.getRandomValues(new Uint8Array(65_536));
    const file = new File(Array<BlobPart>(4096).fill(part), "large.img");
    await new Promise<void>((resolve) => {
      void window.disks.import(file, { name: "large", onProgress: () => resolve() });
    });
  });
  const databases = (): Promise<number> => other.evaluate(async () => (await indexedDB.databases()).length);
  // The list's own and the disk's; another tab's import under way is left alone.
  expect(await keptDisks(other)).toEqual([]);
  await expect.poll(databases).toBe(2);
  await page.close();
  await expect.poll(async () => [await keptDisks(other), await databases()]).toEqual([[], 1]);
});

for (const store of ["idb", "opfs"] as const) {
  test(`a qcow2 file becomes a disk in ${store}, is written, and comes back as QEMU and e2fsck want it`, async () => {
    writeFileSync(join(folder, "in.raw"), image.bytes);
    execFileSync("qemu-img", ["convert", "-c", "-O", "qcow2", join(folder, "in.raw"), join(folder, "in.qcow2")]);
    image = { bytes: readFileSync(join(folder, "in.qcow2")), etag: '"qcow2"' };
    await page.goto("./?start");
    const id = await page.evaluate(
      async ({ address, store }) => {
        const file = new File([await (await fetch(address)).blob()], "in.qcow2");
        return (await window.disks.import(file, { name: "brought", store })).id;
      },
      { address, store },
    );
    await page.goto(machineAddress(`${await defaultArgs(page)} ${drive(`disk:${id}`)}`));
    await page.getByRole("button", { name: "Start with the disks" }).click();
    await expect.poll(() => machineArgs(page)).toContain(`disk:${id}`);
    await waitForPrompt(page);
    expect(await run(page, `${MOUNT}; seq 1 3000 > /tmp/d/words; sync`)).toContain("mounted");
    expect(await page.evaluate(() => window.disks.list())).toMatchObject([{ id, name: "brought", store, inUse: true }]);
    // While the machine has it, mounted: as after a power cut, which the journal makes good.
    const cut = await exported(page, id, "raw");
    // 1: it was replayed.
    expect(spawnSync("/sbin/e2fsck", ["-fp", cut]).status).toBeLessThan(2);
    execFileSync("/sbin/e2fsck", ["-fn", cut], { stdio: "pipe" });
    execFileSync("/sbin/debugfs", ["-R", `dump /words ${join(folder, "words")}`, cut], { stdio: "pipe" });
    expect(readFileSync(join(folder, "words"), "utf8")).toBe(
      Array.from({ length: 3000 }, (_, index) => `${index + 1}\n`).join(""),
    );
    await run(page, "umount /tmp/d; sync");
    const raw = await exported(page, id, "raw");
    execFileSync("/sbin/e2fsck", ["-fn", raw], { stdio: "pipe" });
    const qcow2 = await exported(page, id, "qcow2");
    execFileSync("qemu-img", ["check", qcow2], { stdio: "pipe" });
    execFileSync("qemu-img", ["compare", raw, qcow2], { stdio: "pipe" });
    expect(await run(page, "sha256sum /dev/vda")).toContain(
      createHash("sha256").update(readFileSync(raw)).digest("hex"),
    );
    const refusal = await page.evaluate((disk) => window.disks.remove(disk).catch((error: Error) => error.message), id);
    expect(refusal).toContain("brought");
    await page.evaluate(() => window.vm.dispose());
    // The machine lets go of it when what was written is durable.
    await expect.poll(() => page.evaluate(() => window.disks.list())).toMatchObject([{ id, inUse: false }]);
    await page.evaluate((disk) => window.disks.remove(disk), id);
    expect(await keptDisks(page)).toEqual([]);
  });
}
