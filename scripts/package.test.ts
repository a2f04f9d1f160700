/** The package as somebody else would have it: what its description names is there, loads, and has types that fit. */
import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = join(root, "dist/package");
let user = "";

interface Description {
  readonly exports: Readonly<Record<string, string | { readonly types: string; readonly default: string }>>;
  readonly types: string;
}

beforeAll(() => {
  const { status, stderr } = spawnSync(process.execPath, [join(root, "scripts/build-package.mjs")], {
    encoding: "utf8",
  });
  expect(status, stderr).toBe(0);
  mkdirSync(join(root, "build"), { recursive: true });
  user = mkdtempSync(join(root, "build/package-user-"));
  mkdirSync(join(user, "node_modules"));
  symlinkSync(folder, join(user, "node_modules/armlet"), "dir");
}, 300_000);

afterAll(() => rmSync(user, { recursive: true, force: true }));

const describedBy = (file: string): Description => JSON.parse(readFileSync(file, "utf8")) as Description;

/** Every file that a description names. */
function targets({ exports, types }: Description): string[] {
  return [
    types,
    ...Object.values(exports).flatMap((target) =>
      typeof target === "string" ? [target] : [target.types, target.default],
    ),
  ];
}

test("every file that the package names is there, in the package and in a clone", () => {
  for (const home of [folder, root]) {
    const missing = targets(describedBy(join(home, "package.json"))).filter((file) => !existsSync(join(home, file)));
    expect(missing).toEqual([]);
  }
});

test("every module, worker and type that a file names is there", () => {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => /\.(js|d\.ts)$/.test(name));
  expect(files).toContain("index.js");
  const missing: string[] = [];
  for (const name of files) {
    const text = readFileSync(join(folder, name), "utf8");
    const imports = [
      ...text.matchAll(/(?:^|[;\s])(?:import|export)[^"'`;]*?from\s*["']([^"']+)["']|import\(["'`]([^"'`]+)["'`]\)/gm),
    ];
    const addresses = [...text.matchAll(/new URL\(["'](\.[^"']+)["'], import\.meta\.url\)/g)];
    for (const [, first, second] of [...imports, ...addresses]) {
      const target = first ?? second ?? "";
      const path = join(folder, dirname(name), target);
      const found = existsSync(path) || (name.endsWith(".d.ts") && existsSync(path.replace(/\.js$/, ".d.ts")));
      // Everything is bundled: no name of another package.
      if (!target.startsWith(".") || !found) missing.push(`${name}: ${target}`);
    }
    expect(text.includes(root), name).toBe(false);
  }
  expect(missing).toEqual([]);
});

test("it loads by its name and does nothing by that, so that a server can render a page that imports it", () => {
  const program =
    'import { VirtualMachine, FAILURE_CODES } from "armlet"; console.log(typeof VirtualMachine, FAILURE_CODES.length > 5);';
  const file = join(user, "program.mjs");
  writeFileSync(file, program);
  const { stdout, stderr } = spawnSync(process.execPath, [pathToFileURL(file).pathname], { encoding: "utf8" });
  expect(stderr).toBe("");
  expect(stdout).toBe("function true\n");
});

/** What tsc says of a program that uses the package. */
function typeErrors(program: string, options: Record<string, unknown>): string {
  writeFileSync(join(user, "user.mts"), program);
  const compilerOptions = {
    strict: true,
    noEmit: true,
    target: "ES2023",
    lib: ["ES2023", "DOM"],
    types: [],
    // The package's own declarations are checked too.
    skipLibCheck: false,
    ...options,
  };
  writeFileSync(join(user, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["user.mts"] }));
  return spawnSync(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", user], { encoding: "utf8" })
    .stdout;
}

const RESOLUTIONS = [
  { module: "ESNext", moduleResolution: "bundler" },
  { module: "Node16", moduleResolution: "node16" },
];

test.each(RESOLUTIONS)("its types resolve and fit, with $moduleResolution", { timeout: 120_000 }, (options) => {
  const program = `
    import { createDiskLibrary, FailureError, MachineFrame, VirtualMachine, type DiskLibrary, type MachineState } from "armlet";
    const vm = new VirtualMachine({ args: "-M virt", columns: 80 });
    vm.on("state", ({ state }) => { const known: MachineState = state; void known; });
    vm.serial.write("ls\\r");
    const error: unknown = await vm.start().catch((reason: unknown) => reason);
    if (error instanceof FailureError) { const advice: string = error.failure.advice; void advice; }
    const frame = new MachineFrame(document.createElement("iframe"));
    const { elapsedMs } = await frame.call("prompt"); elapsedMs.toFixed(1);
    frame.on("output", ({ text }) => text.length);
    const library: DiskLibrary = createDiskLibrary(); library.dispose();
  `;
  expect(typeErrors(program, options)).toBe("");
});

test("its types refuse what there is not", { timeout: 120_000 }, () => {
  const program = `
    import { MachineFrame, VirtualMachine } from "armlet";
    new VirtualMachine({ arguments: "-M virt" });
    new MachineFrame(document.createElement("iframe")).call("fly");
    new MachineFrame(document.createElement("iframe")).on("output", ({ bytes }) => bytes);
  `;
  const messages = typeErrors(program, RESOLUTIONS[0] ?? {}).match(/error TS\d+/g);
  expect(messages).toHaveLength(3);
});

test("the example's types fit the package", { timeout: 300_000 }, () => {
  const { status, stderr } = spawnSync(process.execPath, [join(root, "scripts/build-example.mjs")], {
    encoding: "utf8",
  });
  expect(status, stderr).toBe(0);
});
