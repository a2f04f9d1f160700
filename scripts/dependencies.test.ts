/** Imports follow the architecture (.dependency-cruiser.mjs). */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, expect, test } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));
const program = join(root, "node_modules/.bin/depcruise");
const folders: string[] = [];

/** A folder inside the sources, for a file that breaks a rule; removed after the test. */
function folderUnder(path: string): string {
  const folder = mkdtempSync(join(root, path, "rule-broken-"));
  folders.push(folder);
  return folder;
}

function cruise(...paths: string[]): { status: number | null; output: string } {
  const { status, stdout } = spawnSync(program, ["--config", ".dependency-cruiser.mjs", ...paths], {
    cwd: root,
    encoding: "utf8",
  });
  return { status, output: stdout };
}

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

test("the sources follow the import rules", { timeout: 300_000 }, () => {
  execFileSync("npm", ["run", "-s", "generate"], { cwd: root });
  const { status, output } = cruise("src", "web", "scripts", "guest", "e2e");
  expect(output).toMatch(/no dependency violations found/);
  expect(status).toBe(0);
});

test("a device that imports a transport is found", { timeout: 300_000 }, () => {
  const folder = folderUnder("src/virtio/devices");
  writeFileSync(join(folder, "device.ts"), 'export { VirtioMmio } from "../../transport/mmio.ts";\n');
  const { status, output } = cruise(folder);
  expect(output).toMatch(/device-alone/);
  expect(status).not.toBe(0);
});

test("a device that imports a host service is found", { timeout: 300_000 }, () => {
  const folder = folderUnder("src/virtio/devices");
  writeFileSync(join(folder, "device.ts"), 'export { MEMORY_MAP } from "../../../ts/machine/memory-map.ts";\n');
  expect(cruise(folder).output).toMatch(/virtio-without-host/);
});
