/**
 * Networks, with Debian's own kernel: the user network from inside a guest, and two machines in two tabs. NET_QEMU=1 asks
 * QEMU's user network the same where it has an answer; NET_TRANSFER_MB says how much goes from tab to tab.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, type Page, test } from "playwright/test";
import { Armlet, guestFile, PROMPT, root } from "./support/armlet.ts";
import { boot, machineAddress, run } from "./support/machine.ts";
import { internetChecksum, readPcap } from "./support/pcap.ts";

const TRANSFER_MB = Number(process.env.NET_TRANSFER_MB ?? (process.env.CI === undefined ? 100 : 16));
const inQemu = process.env.NET_QEMU === "1";

let folder = "";
let machine: Armlet | null = null;
test.beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "armlet-net-"));
});
test.afterEach(() => {
  machine?.kill();
  machine = null;
  rmSync(folder, { recursive: true });
});

/** A program for the guest, assembled: a shell's command that makes it. */
function programCommand(source: string, path: string): string {
  const [object, program] = [join(folder, "program.o"), join(folder, "program")];
  execFileSync("aarch64-linux-gnu-as", ["-o", object, join(root, source)]);
  // All in one writable segment, which makes it small, and which the linker warns about.
  const small = ["-N", "-s", "--build-id=none", "--no-warn-rwx-segments"];
  execFileSync("aarch64-linux-gnu-ld", [...small, "-o", program, object]);
  return `echo ${readFileSync(program).toString("base64")} | base64 -d >${path}; chmod +x ${path}`;
}

/** A struct sockaddr_in as printf takes it. */
const socketAddress = (address: readonly number[], port: number): string =>
  [2, 0, port >> 8, port & 255, ...address, 0, 0, 0, 0, 0, 0, 0, 0].map((byte) => `\\${byte.toString(8)}`).join("");

test("the user network configures a guest, answers it, and is captured", async () => {
  const capture = join(folder, "net.pcap");
  const options = ["-nographic", "-no-reboot", "-kernel", guestFile("stock", "kernel")];
  options.push("-initrd", guestFile("stock", "initrd"), "-m", "256");
  options.push("-append", "console=ttyAMA0 quiet cryptomgr.notests");
  options.push("-netdev", "user,id=net0", "-device", "virtio-net-pci,netdev=net0,mac=52:54:00:aa:bb:cc");
  options.push("-object", `filter-dump,id=dump,netdev=net0,file=${capture}`);
  const qemu = ["qemu-system-aarch64", "-M", "virt", "-cpu", "cortex-a57"];
  const guest = inQemu ? new Armlet(options, qemu) : new Armlet(options);
  machine = guest;
  await guest.until(PROMPT, 240);
  await guest.run("until grep -qs nameserver /etc/resolv.conf; do sleep 0.2; done", 30);

  // The addresses of QEMU's user network.
  expect(await guest.run("ifconfig eth0")).toMatch(
    /HWaddr 52:54:00:AA:BB:CC[\s\S]*inet addr:10\.0\.2\.15 .*Mask:255\.255\.255\.0/,
  );
  expect(await guest.run("route -n")).toMatch(/^0\.0\.0\.0 +10\.0\.2\.2 /m);
  expect(await guest.run("cat /etc/resolv.conf")).toMatch(/^nameserver 10\.0\.2\.3\r?$/m);
  expect(await guest.run("ping -c 3 -s 1400 10.0.2.2", 30)).toContain("3 packets transmitted, 3 packets received");
  const neighbours = await guest.run("arping -c 1 -I eth0 10.0.2.3; arp -n");
  expect(neighbours).toContain("52:55:0a:00:02:02");
  expect(neighbours).toMatch(/52:55:0a:00:02:03/i);
  expect(
    await guest.run("dmesg | grep -v 'module verification' | grep -i 'virtio.*\\(warn\\|error\\|fail\\)'"),
  ).toMatch(/<end 1>/);
  const errors = await guest.run("cat /sys/class/net/eth0/statistics/*_errors");
  expect(errors.match(/^\d+\r?$/gm)?.every((line) => line.startsWith("0"))).toBe(true);

  if (!inQemu) {
    expect(await guest.run("nslookup gateway")).toMatch(/Address: 10\.0\.2\.2\r?$/m);
    expect(await guest.run("nslookup 10.0.2.3 | tail -3")).toContain("name = dns");
    expect(await guest.run("nslookup example.org; ping -c 1 -W 2 198.51.100.1")).toMatch(
      /REFUSED[\s\S]*100% packet loss/,
    );
    expect(await guest.run("nc -w 5 10.0.2.2 80 </dev/null")).toContain("Connection refused");
    // An NTP client's request (RFC 5905): version 3, mode 3. Seconds since 1900 are the answer's bytes 40 to 43.
    const request = `${socketAddress([10, 0, 2, 2], 123)}\\033${"\\0".repeat(47)}`;
    await guest.run(programCommand("e2e/support/udp-ask.S", "/tmp/udp-ask"));
    const answer = await guest.run(`printf '${request}' | timeout 20 /tmp/udp-ask | od -An -v -tu1 -w48`);
    const bytes = (/^( +\d+){48}/m.exec(answer)?.[0] ?? "").trim().split(/ +/).map(Number);
    expect(bytes.slice(0, 2)).toEqual([0x1c, 2]);
    const seconds = Buffer.from(bytes).readUInt32BE(40) - 2_208_988_800;
    expect(Math.abs(seconds - Date.now() / 1000)).toBeLessThan(30);
    expect(Math.abs(Number(/^\d+/m.exec(await guest.run("date +%s"))?.[0]) - seconds)).toBeLessThan(30);
  }
  guest.type("poweroff -f\r");
  expect(await guest.ended).toBe(0);

  const { linkType, snapLength, frames } = readPcap(readFileSync(capture));
  expect([linkType, snapLength]).toEqual([1, 65_536]);
  expect(frames.length).toBeGreaterThan(10);
  const ipv4 = frames.filter(({ bytes }) => bytes.readUInt16BE(12) === 0x0800);
  const echoes = ipv4.filter(
    ({ bytes }) => bytes[23] === 1 && (bytes[34] === 8 || bytes[34] === 0) && bytes.length > 1400,
  );
  expect(echoes).toHaveLength(6);
  for (const { bytes, length } of ipv4) {
    expect(bytes.length).toBe(length);
    expect(internetChecksum(bytes.subarray(14, 34))).toBe(0);
  }
  for (const { bytes } of echoes) expect(internetChecksum(bytes.subarray(34, 14 + bytes.readUInt16BE(16)))).toBe(0);
});

/** Boots the stock guest in a tab with a card on a segment, and gives it an address. */
async function onSegment(page: Page, host: number, more = ""): Promise<void> {
  const manifest: unknown = await (await page.request.get("./guest/manifest.json")).json();
  const { guests } = manifest as { guests: { stock: { args: string } } };
  const args = guests.stock.args.replace(/-append "([^"]*)"/, '-append "$1 cryptomgr.notests"');
  await boot(page, machineAddress(`${args} -nic channel,name=e2e,id=net0,mac=52:54:00:00:00:0${host} ${more}`));
  // Nobody answers DHCP on this segment. Its client begins behind the prompt, and takes away an address that is there.
  const running = "busybox pidof udhcpc >/dev/null";
  const gone = `until ${running}; do sleep 0.2; done; busybox killall udhcpc; while ${running}; do sleep 0.2; done`;
  await run(page, `${gone}; ifconfig eth0 10.9.0.${host} up`);
}

test(`${TRANSFER_MB} MB from a machine in one tab to a machine in another arrive as they were`, async ({ context }) => {
  test.setTimeout(600_000);
  const [sender, receiver] = [await context.newPage(), await context.newPage()];
  await Promise.all([
    onSegment(sender, 1, "-object filter-dump,id=dump,netdev=net0,file=lab.pcap,maxlen=96"),
    onSegment(receiver, 2),
  ]);
  expect(await run(receiver, "ping -c 2 -w 20 10.9.0.1")).toContain("2 packets received");

  const megabytes = Math.round(TRANSFER_MB);
  // Random pieces, each followed by its number: what is lost, doubled or in another order is seen.
  const pieces = `dd if=/dev/urandom of=/tmp/piece bs=1M count=1 2>/dev/null; for i in $(seq ${megabytes}); do cat /tmp/piece; echo $i; done`;
  const make = `(${pieces}) >/tmp/data; sha256sum /tmp/data`;
  const [sum] = /^[0-9a-f]{64}/m.exec(await run(sender, make, 240_000)) ?? [];
  expect(sum).toBeDefined();
  await run(sender, "httpd -p 80 -h /tmp");
  const started = Date.now();
  const got = await run(receiver, "wget -q -O - http://10.9.0.1/data | sha256sum", 240_000);
  const seconds = ((Date.now() - started) / 1000).toFixed(1);
  test.info().annotations.push({ type: "transfer", description: `${megabytes} MB and their checksum in ${seconds} s` });
  expect(got).toContain(sum);

  // The cable is pulled out and plugged in again, as the API can.
  const carrier = "cat /sys/class/net/eth0/carrier";
  await receiver.evaluate(() => window.vm.setLink("net0", false));
  await expect.poll(() => run(receiver, carrier)).toMatch(/^0$/m);
  await receiver.evaluate(() => window.vm.setLink("net0", true));
  await expect.poll(() => run(receiver, carrier)).toMatch(/^1$/m);
  expect(await run(receiver, "ping -c 1 -w 20 10.9.0.1")).toContain("1 packets received");
  await expect(receiver.evaluate(() => window.vm.setLink("net7", false))).rejects.toThrow("net7");

  const saving = sender.waitForEvent("download");
  await sender.getByRole("button", { name: "Save capture lab.pcap" }).click();
  const download = await saving;
  expect(download.suggestedFilename()).toBe("lab.pcap");
  const file = join(folder, "lab.pcap");
  await download.saveAs(file);
  const { frames, snapLength } = readPcap(readFileSync(file));
  expect(snapLength).toBe(96);
  // Sequence numbers of what the sender said, by IPv4's and TCP's headers: all of the file is in the capture.
  const sent = frames.filter(({ bytes }) => bytes.readUInt16BE(12) === 0x0800 && bytes[23] === 6 && bytes[29] === 1);
  expect(sent.reduce((sum, { length }) => sum + length - 66, 0)).toBeGreaterThan(megabytes * 2 ** 20);
  expect(sent.every(({ length }) => length <= 1514)).toBe(true);
});
