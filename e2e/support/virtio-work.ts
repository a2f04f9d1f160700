/** Real work for each virtio device of a guest that runs Linux, which fails where a device does not do it. */
import { createHash, randomBytes } from "node:crypto";
import { readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "playwright/test";
import type { Armlet } from "./armlet.ts";
import { FIPS_BYTES, fipsFailures } from "./fips-140-2.ts";
import type { SocketTalk } from "./socket-talk.ts";

const sha256 = (bytes: Uint8Array | string): string => createHash("sha256").update(bytes).digest("hex");
const PORT_BYTES = 40_000;
const PORT_LINES = 3000;
const FILE_BYTES = 1_000_003;

/** Reads a disk of 1 MiB or more whole, copies the second half of its first MiB over the first, and reads that back from the disk. */
export async function workDisk(guest: Armlet, device: string, content: Buffer): Promise<void> {
  expect(await guest.run(`sha256sum ${device}`, 120)).toContain(sha256(content));
  const write = `dd if=${device} of=${device} bs=64k skip=8 count=8 conv=notrunc,fsync 2>/dev/null`;
  const back = await guest.run(`${write}; echo 3 >/proc/sys/vm/drop_caches; head -c 524288 ${device} | sha256sum`, 120);
  expect(back).toContain(sha256(content.subarray(512 << 10, 1024 << 10)));
}

/** Packets of several lengths to the gateway of the user network, and back. */
export async function workNet(guest: Armlet): Promise<void> {
  // DHCP goes on behind the prompt.
  const address = "until ifconfig eth0 | grep -q 'addr:10.0.2.15'; do sleep 0.2; done";
  for (const size of [56, 1472]) {
    const said = await guest.run(`${address}; ping -c 2 -i 0.2 -s ${size} 10.0.2.2`, 60);
    expect(said).toContain("2 packets transmitted, 2 packets received, 0% packet loss");
  }
}

/** FIPS 140-2's tests of randomness, on two blocks. */
export async function workRandomness(guest: Armlet): Promise<void> {
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

/** The path of a port of that name. */
const PORT =
  'port() { for d in /sys/class/virtio-ports/*; do [ "$(cat $d/name 2>/dev/null)" = $1 ] && echo /dev/${d##*/}; done; }';

/** Two ports at once, both ways; `hosts` are the other ends of org.example.one and org.example.two. */
export async function workPorts(guest: Armlet, hosts: readonly [SocketTalk, SocketTalk]): Promise<void> {
  const contents = hosts.map((socket) => ({ socket, bytes: randomBytes(PORT_BYTES) }));
  for (const { socket, bytes } of contents) socket.send(bytes);
  const take = (name: string): string =>
    `head -c ${PORT_BYTES} $(port org.example.${name}) | sha256sum >/tmp/${name} &`;
  // The device tells of its ports in its own time.
  const known = 'until [ -n "$(port org.example.one)" ] && [ -n "$(port org.example.two)" ]; do sleep 0.2; done';
  await guest.run(`${PORT}; ${known}`, 60);
  const sums = await guest.run(`${PORT}; ${take("one")} ${take("two")} wait; cat /tmp/one /tmp/two`, 120);
  expect(sums.match(/[0-9a-f]{64}/g)).toEqual(contents.map(({ bytes }) => sha256(bytes)));
  await guest.run(
    `seq 1 ${PORT_LINES} >$(port org.example.one) & seq ${PORT_LINES + 1} ${2 * PORT_LINES} >$(port org.example.two) & wait`,
    120,
  );
  for (const [index, { socket }] of contents.entries()) {
    await socket.until(new RegExp(`\\n${PORT_LINES * (index + 1)}\\n`));
    const expected = Array.from({ length: PORT_LINES }, (_, number) => `${PORT_LINES * index + number + 1}\n`).join("");
    expect(socket.received.toString()).toBe(expected);
  }
}

/** Inflates the balloon of a guest of `fullMib` by `takenMib` and deflates it, over the monitor; the guest's numbers move. */
export async function workBalloon(
  guest: Armlet,
  monitor: SocketTalk,
  fullMib: number,
  takenMib: number,
): Promise<void> {
  const totalKib = async (): Promise<number> =>
    Number(/\d+/.exec(await guest.run("awk '/^MemTotal/ { print $2 }' /proc/meminfo"))?.[0]);
  const moveTo = async (mib: number): Promise<void> => {
    monitor.send(`balloon ${mib}\n`);
    // The guest takes its time.
    await expect
      .poll(
        async () => {
          monitor.send("info balloon\n");
          return await monitor.until(/actual=\d+/);
        },
        { timeout: 60_000 },
      )
      .toMatch(new RegExp(`actual=${mib}$`));
  };
  const before = await totalKib();
  await moveTo(fullMib - takenMib);
  expect(before - (await totalKib())).toBe(takenMib * 1024);
  await moveTo(fullMib);
  expect(await totalKib()).toBe(before);
}

/** A disk and a CD that come while the guest runs; the disk is pulled out, the CD's tray opened. `file` is an image of `content`. */
export async function workHotPlug(guest: Armlet, monitor: SocketTalk, file: string, content: Buffer): Promise<void> {
  const command = async (line: string): Promise<string> => {
    monitor.send(`${line}\n`);
    await monitor.until(new RegExp(`${line}\r\n`));
    return await monitor.until(/\(qemu\) $/);
  };
  await command("info status");
  await guest.run("modprobe -a sd_mod sr_mod");
  const sum = sha256(content);
  // The kernel makes the node before the disk behind it can be opened.
  const opened = (node: string): string =>
    `until head -c 1 ${node} >/dev/null 2>&1; do sleep 0.2; done; sha256sum ${node}`;
  expect(await command(`drive_add 0 if=none,id=hot,file=${file},format=raw,snapshot=on`)).toContain("OK");
  expect(await command("device_add scsi-hd,drive=hot,id=stick")).toBe("(qemu) ");
  expect(await guest.run(opened("/dev/sdb"), 60)).toContain(sum);
  expect(await command("device_del stick")).toBe("(qemu) ");
  await guest.run("while [ -e /sys/block/sdb ]; do sleep 0.2; done", 60);
  expect(await command(`drive_add 0 if=none,id=disc,media=cdrom,file=${file},format=raw`)).toContain("OK");
  expect(await command("device_add scsi-cd,drive=disc,id=cd")).toBe("(qemu) ");
  expect(await guest.run(opened("/dev/sr0"), 60)).toContain(sum);
  expect(await command("eject disc")).toBe("(qemu) ");
  expect(await guest.run("head -c 1 /dev/sr0")).toContain("No medium found");
}

/** A file of the host's is the guest's, its copy is the host's, at a folder that is shared as `tag`. */
export async function workFiles(guest: Armlet, folder: string, tag: string): Promise<void> {
  const bytes = randomBytes(FILE_BYTES);
  writeFileSync(join(folder, "from-host"), bytes);
  const copy = "mkdir d && cp from-host d/copy && mv d/copy d/from-guest && ln -s d/from-guest link && sync";
  const said = await guest.run(`cd /mnt/${tag} && sha256sum from-host && ${copy}; cd`, 60);
  expect(said).toContain(sha256(bytes));
  expect(said).toContain("<end 0>");
  expect(sha256(readFileSync(join(folder, "d/from-guest")))).toBe(sha256(bytes));
  expect(readlinkSync(join(folder, "link"))).toBe("d/from-guest");
  writeFileSync(join(folder, "d/from-guest"), "changed on the host\n");
  expect(await guest.run(`echo 2 >/proc/sys/vm/drop_caches; cat /mnt/${tag}/link`)).toContain("changed on the host");
}
