/** The projects keep what they must not know out of reach: a page's names are type errors where there is no page. */
import { spawnSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, expect, test } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));
const made: string[] = [];

/** What tsc says of one more file in a project, with the project's own options: a message for each line of the file. */
function check(project: string, lines: string[]): (string | undefined)[] {
  const name = `types-test-${process.pid}`;
  const file = join(root, project, `${name}.ts`);
  const config = join(root, project, `tsconfig.${name}.json`);
  made.push(file, config);
  writeFileSync(file, lines.join("\n"));
  const types = ["assemblyscript", "text-encoding"].map((type) => join(root, `types/${type}.d.ts`));
  const compilerOptions = { composite: false, declaration: false, emitDeclarationOnly: false, noEmit: true };
  const files = [file, ...(project === "src/virtio" ? types : [])];
  writeFileSync(
    config,
    JSON.stringify({ extends: "./tsconfig.json", compilerOptions, include: [], files, references: [] }),
  );
  const { stdout } = spawnSync(join(root, "node_modules/.bin/tsc"), ["-p", config], { encoding: "utf8" });
  const messages = new Map(
    [...stdout.matchAll(/\((\d+),\d+\): error TS\d+: (.*)/g)].map((match) => [Number(match[1]), match[2]]),
  );
  return lines.map((_, index) => messages.get(index + 1)?.split(".")[0]);
}

afterEach(() => {
  for (const file of made.splice(0)) rmSync(file);
});

test("src/virtio knows the language and text encoding, no host", { timeout: 120_000 }, () => {
  const lines = [
    "document.title;",
    "window.close();",
    'fetch("disk");',
    "setTimeout(() => {}, 1);",
    "postMessage(1);",
    "process.exit(1);",
    'export const bytes = new Uint8Array(new TextEncoder().encode("a"));',
  ];
  const names = ["document", "window", "fetch", "setTimeout", "postMessage", "process"];
  expect(check("src/virtio", lines)).toEqual([...names.map((name) => `Cannot find name '${name}'`), undefined]);
});

test("src/ts knows what pages, workers and Node share, no page", { timeout: 120_000 }, () => {
  const lines = [
    "document.title;",
    "window.close();",
    "process.exit(1);",
    'export const url = new URL("a", "http://b/");',
  ];
  const names = ["document", "window", "process"];
  expect(check("src/ts", lines)).toEqual([...names.map((name) => `Cannot find name '${name}'`), undefined]);
});
