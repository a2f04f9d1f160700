/** The ring inspector and the balloon in the page: one guest with several devices, looked at while it works. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { expect, type Page, test } from "playwright/test";
import { boot, machineAddress, run } from "./support/machine.ts";

const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const ARGS = [
  '-M virt -cpu cortex-a57 -m 256 -kernel guest/stock/Image -initrd guest/stock/initramfs.cpio -append "console=ttyAMA0 quiet cryptomgr.notests rodata=on"',
  "-drive if=none,id=hd0,file=disk.img,format=raw,snapshot=on -device virtio-blk-device,drive=hd0,id=disk",
  "-netdev user,id=n0 -device virtio-net-pci,netdev=n0 -device virtio-balloon-device -device virtio-rng-device,max-bytes=64,period=60000",
  "-chardev null,id=c0 -device virtio-serial-device -device virtserialport,chardev=c0,name=org.example.agent",
].join(" ");

async function axeViolations(page: Page): Promise<string[]> {
  await page.evaluate(axeSource);
  return await page.evaluate(async () => {
    const { axe } = window as unknown as {
      axe: { run(context: object): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> };
    };
    const { violations } = await axe.run({ exclude: [[".xterm-rows"]] });
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
  });
}

test("virtio devices are seen at work, and the balloon does what its slider says", async ({ page }, testInfo) => {
  await page.setViewportSize({ width: 1280, height: 860 });
  await page.route("**/disk.img", (route) => route.fulfill({ body: Buffer.alloc(8 << 20, "sector ") }));
  await boot(page, machineAddress(ARGS));
  await page.getByRole("button", { name: "Virtio devices" }).click();
  const panel = page.getByRole("complementary", { name: "Virtio devices" });
  const light = (name: string) => panel.locator(`[data-light=${name}]`);

  // The disk, whose driver has come up.
  await expect(panel.getByRole("tab", { name: "virtio-blk-device (disk)" })).toBeFocused();
  for (const name of ["ACKNOWLEDGE", "DRIVER", "FEATURES_OK", "DRIVER_OK"])
    await expect(light(name)).toHaveClass(/lit/);
  for (const name of ["DEVICE_NEEDS_RESET", "FAILED"]) await expect(light(name)).not.toHaveClass(/lit/);
  await expect(panel.getByText("VIRTIO_BLK_F_FLUSH")).toBeVisible();
  await expect(panel.getByRole("definition").filter({ hasText: "16384 (0x4000)" })).toBeVisible();
  const chains = panel.locator(".counters > div", { hasText: "Chains" }).locator("dd");
  const before = Number((await chains.innerText()).replaceAll(/\D/g, ""));
  await run(
    page,
    "dd if=/dev/vda of=/dev/null bs=64k 2>/dev/null; dd if=/dev/zero of=/dev/vda bs=4k count=64 conv=fsync 2>/dev/null",
  );
  await expect.poll(async () => Number((await chains.innerText()).replaceAll(/\D/g, ""))).toBeGreaterThan(before + 64);
  await expect(panel.getByText(/used length \d/).first()).toBeVisible();
  await expect(panel.getByRole("img", { name: /^Time in the device: \d/ })).toBeVisible();
  await page.screenshot({ path: testInfo.outputPath("disk.png") });
  expect(await axeViolations(page)).toEqual([]);

  // The driver goes away and takes the lights with it; then it comes back.
  await run(page, "cd /sys/bus/virtio/drivers/virtio_blk; d=$(echo virtio[0-9]*); echo $d >unbind");
  await expect(light("DRIVER_OK")).not.toHaveClass(/lit/);
  await run(page, "echo $d >bind; cd");
  await expect(light("DRIVER_OK")).toHaveClass(/lit/);

  // By keyboard to the others: PCI, and one whose requests have to wait for their period.
  await panel.getByRole("tab", { selected: true }).press("ArrowRight");
  await expect(panel.getByRole("tab", { name: "virtio-net-pci" })).toBeFocused();
  await expect(panel.getByText("virtio-pci, modern interface")).toBeVisible();
  await expect(panel.getByText("MSI-X", { exact: true })).toBeVisible();
  await page.screenshot({ path: testInfo.outputPath("net.png") });

  // A picture that is held stands still.
  await panel.getByRole("button", { name: "Hold" }).click();
  const held = await panel.locator("[role=tabpanel]").innerText();
  await run(page, "ping -c 2 -i 0.2 -W 1 10.0.2.2 || true");
  expect(await panel.locator("[role=tabpanel]").innerText()).toBe(held);
  await panel.getByRole("button", { name: "Hold" }).click();

  // The balloon.
  await panel.getByRole("tab", { name: "virtio-balloon-device" }).click();
  const slider = panel.getByRole("slider", { name: /Memory that the guest should have/ });
  const freeKib = async (): Promise<number> => Number(await run(page, "awk '/^MemTotal/ { print $2 }' /proc/meminfo"));
  const full = await freeKib();
  await slider.fill(String(160 << 20));
  await expect(panel.getByText("of 256 MiB are the guest's")).toBeVisible();
  await expect(panel.locator("balloon-control b").first()).toHaveText("160 MiB");
  expect(await freeKib()).toBeLessThan(full - 90 * 1024);
  await expect(panel.locator("balloon-control dt", { hasText: "Available" })).toBeVisible();
  await page.screenshot({ path: testInfo.outputPath("balloon.png") });
  const status = await page.evaluate(() => window.vm.balloon());
  expect(status).toMatchObject({ totalBytes: 256 << 20, targetBytes: 160 << 20, actualBytes: 160 << 20 });
  // Each question asks the guest for new statistics, which a later one is answered with.
  await expect
    .poll(async () => (await page.evaluate(() => window.vm.balloon()))?.stats.totalMemory)
    .toBeLessThan((256 - 90) << 20);
  await page.evaluate(() => window.vm.setBalloon(256 << 20));
  await expect(panel.locator("balloon-control b").first()).toHaveText("256 MiB");
  expect(await freeKib()).toBe(full);

  // What the API says is what the panel shows.
  const inspection = await page.evaluate(() => window.vm.inspect());
  expect(inspection.devices.map(({ name }) => name)).toEqual([
    "virtio-blk-device",
    "virtio-net-pci",
    "virtio-balloon-device",
    "virtio-rng-device",
    "virtio-serial-device",
  ]);
  // Linux notifies the queue of the statistics before it says DRIVER_OK.
  const early = "virtio-balloon: notification ignored";
  expect(inspection.errors.filter(({ place }) => place !== early)).toEqual([]);

  // On a phone it lies over the terminal; Escape puts it away.
  await page.setViewportSize({ width: 360, height: 740 });
  await page.emulateMedia({ colorScheme: "light" });
  await panel.getByRole("tab", { name: "virtio-serial-device" }).click();
  await expect(panel.getByText('serial port, "org.example.agent", guest closed')).toBeVisible();
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
  await page.screenshot({ path: testInfo.outputPath("phone.png") });
  expect(await axeViolations(page)).toEqual([]);
  await page.keyboard.press("Escape");
  await expect(panel).toHaveCount(0);
  await expect(page.getByRole("button", { name: "Virtio devices" })).toBeFocused();
});
