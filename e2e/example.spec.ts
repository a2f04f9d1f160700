/** examples/embed, built with the package as anybody would: two machines on a page, a third in a frame of another origin. */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "playwright/test";
import { BOOT_TIMEOUT_MS } from "./support/machine.ts";
import { type StaticHost, startStaticHost } from "./support/static-host.ts";

const scripts = fileURLToPath(new URL("../scripts", import.meta.url));
let host: StaticHost;

test.beforeAll(async () => {
  test.setTimeout(300_000);
  const folder = execFileSync(process.execPath, [`${scripts}/build-example.mjs`], { encoding: "utf8" }).trim();
  host = await startStaticHost("--folder", folder);
});

test.afterAll(() => host.end());

test("two machines of the package and one in a frame reach their prompts and run commands", async ({
  page,
  baseURL,
}) => {
  test.setTimeout(BOOT_TIMEOUT_MS * 2);
  const errors: Error[] = [];
  page.on("pageerror", (error) => errors.push(error));
  await page.goto(`http://127.0.0.1:${host.port}/?site=${encodeURIComponent(baseURL ?? "")}`);
  const machines = ["First machine", "Second machine", "Third machine, in a frame"];
  for (const name of machines) {
    const machine = page.getByRole("region", { name, exact: true });
    const command = machine.getByRole("textbox", { name: "Command" });
    await expect(command).toBeEnabled({ timeout: BOOT_TIMEOUT_MS });
    await command.fill(`echo $((6 * 7)) of the ${name}; grep MemTotal /proc/meminfo`);
    await machine.getByRole("button", { name: "Run" }).click();
    await expect(machine.locator("pre")).toContainText(`\n42 of the ${name}\n`, { useInnerText: true });
  }
  // Each is a machine of its own: the second was given half the memory.
  const memory = async (name: string): Promise<number> =>
    Number(
      /MemTotal:\s+(\d+)/.exec(await page.getByRole("region", { name, exact: true }).locator("pre").innerText())?.[1],
    );
  await expect.poll(() => memory("Second machine")).toBeLessThan(131_072);
  await expect.poll(() => memory("First machine")).toBeGreaterThan(131_072);
  expect(errors).toEqual([]);
});
