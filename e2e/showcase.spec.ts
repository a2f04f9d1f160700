/** The showcase: a Debian whose disk is read from the server chunk by chunk. */
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "playwright/test";
import { Armlet, guestFolder, guestRecord, hasGuest } from "./support/armlet.ts";
import { boot, run, serialText } from "./support/machine.ts";

const MAX_DISK_BYTES = 12_000_000;
const MISSING = "The showcase disk is not there: `npm run guest:disk` makes it, as root on a Debian with binfmt_misc";
const PROMPT = /root@debian:\S+# $/;
/** Programs of /usr/sbin are not in everybody's path. */
const TOOLS = `${process.env.PATH ?? ""}:/usr/sbin:/sbin`;

let server: Server | null = null;
let machine: Armlet | null = null;
test.afterEach(() => {
  machine?.kill();
  machine = null;
  server?.closeAllConnections();
  server?.close();
  server = null;
});

/** Bytes of answers' bodies, by the path that was asked for. */
type Traffic = Map<string, number>;

/** Hands everything on to the tests' own server, and counts what comes back. */
async function countingServer(target: string): Promise<{ address: string; traffic: Traffic }> {
  const traffic: Traffic = new Map();
  const started = createServer((incoming, outgoing) => {
    const { url = "/", method, headers } = incoming;
    const onward = request(new URL(url, target), { method, headers: { ...headers, host: new URL(target).host } });
    onward.on("response", (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.on("data", (part: Buffer) => traffic.set(url, (traffic.get(url) ?? 0) + part.length));
      answer.pipe(outgoing);
    });
    onward.on("error", () => outgoing.destroy());
    incoming.pipe(onward);
  });
  server = started;
  await new Promise<void>((resolve) => started.listen(0, "127.0.0.1", resolve));
  // Not "localhost": from this computer's own server the page takes the kernel unpacked.
  return { address: `http://showcase.localhost:${(started.address() as AddressInfo).port}/`, traffic };
}

test("the showcase is at its prompt with less than 12 MB of its disk, and is a whole Debian", async ({
  page,
  baseURL,
}) => {
  test.skip(!hasGuest("debian"), MISSING);
  const { address, traffic } = await countingServer(baseURL ?? "");
  const bytes = (wanted: RegExp): number =>
    [...traffic].reduce((sum, [path, count]) => (wanted.test(path) ? sum + count : sum), 0);
  await boot(page, `${address}?profile=debian`);
  const [disk, all] = [bytes(/\/guest\/showcase\//), bytes(/./)];
  const count = [...traffic.keys()].filter((path) => path.includes("/guest/showcase/")).length;
  test
    .info()
    .annotations.push({ type: "transferred", description: `${disk} bytes of disk in ${count} files, ${all} in all` });
  expect(await serialText(page)).toContain("Debian GNU/Linux 12");
  expect(disk).toBeGreaterThan(500_000);
  expect(disk).toBeLessThan(MAX_DISK_BYTES);

  expect(await run(page, ". /etc/os-release; echo $PRETTY_NAME; id -un; tty")).toMatch(
    /Debian GNU\/Linux 12 \(bookworm\)\nroot\n\/dev\/ttyAMA0/,
  );
  // The page's terminal, by way of the virtio console.
  await expect.poll(async () => await run(page, "stty size")).toMatch(/[1-9]\d* [1-9]\d*\n/);
  expect(await run(page, "dpkg -s apt | head -2; perl -e 'print 6 * 7, qq(\\n)'")).toMatch(
    /Package: apt\nStatus: install ok installed\n42/,
  );
  // Written, and read back from the disk; kept over a reload.
  const read = "echo 3 > /proc/sys/vm/drop_caches; md5sum < /root/n";
  expect(await run(page, `seq 50000 > /root/n; sync; ${read}`)).toContain("c1d4ba52c72ac7bcc71ff2d6c083e684");
  await boot(page, `${address}?profile=debian`);
  expect(await run(page, read)).toContain("c1d4ba52c72ac7bcc71ff2d6c083e684");
});

test("the showcase's disk is in order after poweroff", async () => {
  const image = join(guestFolder, "debian/showcase.ext4");
  test.skip(!hasGuest("debian") || !existsSync(image), MISSING);
  const folder = mkdtempSync(join(tmpdir(), "armlet-showcase-"));
  const disk = join(folder, "disk.ext4");
  try {
    copyFileSync(image, disk);
    const { kernel, initrd, append } = guestRecord("debian");
    const files = [
      "-kernel",
      join(guestFolder, kernel.file),
      ...(initrd === null ? [] : ["-initrd", join(guestFolder, initrd.file)]),
    ];
    const drive = ["-drive", `if=none,id=hd0,file=${disk},format=raw`, "-device", "virtio-blk-device,drive=hd0"];
    machine = new Armlet(["-nographic", "-no-reboot", ...files, "-append", append, ...drive]);
    await machine.until(PROMPT, 120);
    await machine.run("seq 1000 > /root/kept; apt-get --version > /dev/null");
    machine.type("poweroff\r");
    expect(await machine.ended).toBe(0);
    const check = spawnSync("e2fsck", ["-fn", disk], { encoding: "utf8", env: { ...process.env, PATH: TOOLS } });
    expect(check.status, check.stdout).toBe(0);
    const listed = spawnSync("debugfs", ["-R", "cat /root/kept", disk], {
      encoding: "utf8",
      env: { ...process.env, PATH: TOOLS },
    });
    expect(listed.stdout.split("\n")).toHaveLength(1001);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
