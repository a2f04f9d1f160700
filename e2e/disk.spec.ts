import { createHash, randomBytes } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "playwright/test";
import { boot, defaultArgs, machineAddress, run, waitForPrompt } from "./support/machine.ts";

const IMAGE = randomBytes(8 * 1024 * 1024);

let server: Server | null = null;
test.afterEach(() => {
  server?.closeAllConnections();
  server?.close();
  server = null;
});

/** Serves the image to any page; resolves with its address, and what was asked for. */
async function serveImage(
  withRanges: boolean,
  image: Buffer = IMAGE,
): Promise<{ address: string; sentBytes(): number }> {
  let sent = 0;
  const started = createServer((request, response) => {
    const headers: Record<string, string | number> = {
      "Access-Control-Allow-Origin": "*",
      "Access-Control-Expose-Headers": "Content-Range",
      "Content-Type": "application/octet-stream",
    };
    const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "");
    const start = withRanges && range !== null ? Number(range[1]) : 0;
    const end = withRanges && range !== null ? Number(range[2]) + 1 : image.length;
    if (withRanges && range !== null) headers["Content-Range"] = `bytes ${start}-${end - 1}/${image.length}`;
    sent += end - start;
    response.writeHead(headers["Content-Range"] === undefined ? 200 : 206, {
      ...headers,
      "Content-Length": end - start,
    });
    response.end(image.subarray(start, end));
  });
  server = started;
  await new Promise<void>((resolve) => started.listen(0, "127.0.0.1", resolve));
  return {
    address: `http://127.0.0.1:${(started.address() as AddressInfo).port}/disk.img`,
    sentBytes: () => sent,
  };
}

function sha256(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}

for (const withRanges of [true, false]) {
  test(`a disk ${withRanges ? "with" : "without"} ranges is read and written, and keeps it over a reset`, async ({
    page,
  }) => {
    const { address, sentBytes } = await serveImage(withRanges);
    const drive = `-drive if=none,id=hd0,format=raw,file=${address} -device virtio-blk-device,drive=hd0`;
    await boot(page, machineAddress(`${await defaultArgs(page)} ${drive}`));
    // Looking for partitions reads the start; the rest comes as it is wanted.
    if (withRanges) expect(sentBytes()).toBeLessThan(IMAGE.length / 2);
    expect(await run(page, "sha256sum /dev/vda")).toContain(sha256(IMAGE));
    await run(
      page,
      "seq 1 40000 > /tmp/new; dd if=/tmp/new of=/dev/vda bs=1000 seek=777 conv=notrunc 2>/dev/null; sync",
    );
    const expected = Buffer.from(IMAGE);
    expected.write(Array.from({ length: 40_000 }, (_, index) => `${index + 1}\n`).join(""), 777_000, "latin1");
    expect(await run(page, "echo 3 > /proc/sys/vm/drop_caches; sha256sum /dev/vda")).toContain(sha256(expected));
    await page.evaluate(() => window.vm.reset());
    await waitForPrompt(page);
    expect(await run(page, "sha256sum /dev/vda")).toContain(sha256(expected));
  });
}

test("an image that is no whole number of sectors is filled up with zeros, as QEMU does it", async ({ page }) => {
  const { address } = await serveImage(true, IMAGE.subarray(0, 1_000_001));
  const drive = `-drive if=none,id=hd0,format=raw,file=${address} -device virtio-blk-device,drive=hd0`;
  await boot(page, machineAddress(`${await defaultArgs(page)} ${drive}`));
  const filled = Buffer.alloc(1_000_448);
  IMAGE.copy(filled, 0, 0, 1_000_001);
  expect(await run(page, "sha256sum /dev/vda")).toContain(sha256(filled));
});

test("an image without bytes is refused with the reason", async ({ page }) => {
  const { address } = await serveImage(false, Buffer.alloc(0));
  const drive = `-drive if=none,id=hd0,format=raw,file=${address} -device virtio-blk-device,drive=hd0`;
  await page.goto(machineAddress(`${await defaultArgs(page)} ${drive}`));
  await expect(page.locator("armlet-notice[shape=card]")).toContainText("empty");
});
