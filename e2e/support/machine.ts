import { expect, type Page } from "playwright/test";

export interface BalloonNumbers {
  readonly totalBytes: number;
  readonly targetBytes: number;
  readonly actualBytes: number;
  readonly stats: Readonly<Record<string, number>>;
}

/** What the tests use of `window.vm`, as docs/embedding.md has it. */
export interface PageMachine {
  readonly args: string;
  readonly state: "loading" | "running" | "idle" | "paused" | "stopped" | "crashed";
  readonly stats: {
    readonly instructions: number;
    readonly mips: number;
    readonly cpuShare: number;
    readonly memoryBytes: number;
    readonly promptMs: number | null;
  };
  readonly serial: { write(text: string): void; readonly text: string };
  pause(): Promise<void>;
  resume(): Promise<void>;
  reset(): Promise<void>;
  powerOff(options?: { force?: boolean }): Promise<void>;
  report(): Promise<string>;
  flush(): Promise<void>;
  setLink(name: string, up: boolean): Promise<void>;
  capture(id: string): Promise<Blob>;
  files(id: string): {
    readFile(path: string): Promise<Blob>;
    writeFile(path: string, contents: string): Promise<void>;
  };
  readonly disks: readonly {
    readonly drive: string;
    readonly name: string;
    readonly diskId: string | null;
    readonly keeping: "kept" | "memory" | "read-only";
    readonly dirtyBytes: number;
    readonly usedBytes: number;
    readonly trouble: string | null;
  }[];
  readonly hasUnsavedWrites: boolean;
  inspect(): Promise<{
    readonly devices: readonly { readonly name: string; readonly status: number }[];
    readonly errors: readonly { readonly place: string }[];
  }>;
  balloon(): Promise<BalloonNumbers | null>;
  setBalloon(memoryBytes: number): Promise<BalloonNumbers>;
  on(name: string, listener: (event: unknown) => void): { dispose(): void };
  dispose(): void;
}

/** What the tests use of `window.disks`. */
export interface PageDisks {
  list(): Promise<{ readonly id: string }[]>;
  import(
    file: File,
    options: { readonly name: string; readonly store?: "idb" | "opfs"; readonly onProgress?: () => void },
  ): Promise<{ id: string }>;
  export(id: string, format: "raw" | "qcow2" | "changes", sink: WritableStream<Uint8Array>): Promise<void>;
  remove(id: string): Promise<void>;
}

declare global {
  interface Window {
    vm: PageMachine;
    readonly disks: PageDisks;
  }
}

/** Longer than the stock kernel needs on a busy machine. */
export const BOOT_TIMEOUT_MS = 180_000;

/** Waits for the guest's first prompt since the start or the last reset. */
export async function waitForPrompt(page: Page): Promise<void> {
  await page.waitForFunction(() => typeof window.vm?.stats.promptMs === "number", null, { timeout: BOOT_TIMEOUT_MS });
}

export async function boot(page: Page, address = "./"): Promise<void> {
  await page.goto(address);
  await waitForPrompt(page);
}

/** Everything the guest wrote so far. */
export async function serialText(page: Page): Promise<string> {
  return await page.evaluate(() => window.vm.serial.text);
}

export async function state(page: Page): Promise<PageMachine["state"]> {
  return await page.evaluate(() => window.vm.state);
}

/** What is on the terminal's screen, row by row. */
export async function screenText(page: Page): Promise<string> {
  const rows = await page.locator("armlet-terminal .xterm-rows > div").allTextContents();
  return rows.map((row) => row.replaceAll("\u00a0", " ").trimEnd()).join("\n");
}

/** Runs a command in the guest through the API; returns what it printed. */
export async function run(page: Page, command: string, timeoutMs = 120_000): Promise<string> {
  const mark = `done-${Math.random().toString(36).slice(2)}`;
  const before = (await serialText(page)).length;
  // The quotes keep the mark's echo apart from the mark.
  await page.evaluate(
    (line) => window.vm.serial.write(line),
    `${command}; echo ${mark.slice(0, 4)}""${mark.slice(4)}\r`,
  );
  await expect
    .poll(async () => (await serialText(page)).slice(before), { timeout: timeoutMs })
    .toMatch(new RegExp(`${mark}\\r?\\n`));
  const text = (await serialText(page)).slice(before);
  const output = text.slice(text.indexOf("\n") + 1, text.lastIndexOf(mark));
  return output.replaceAll("\r", "");
}

/** The address of a machine: a command line, URL-encoded. */
export function machineAddress(args: string): string {
  return `./?args=${encodeURIComponent(args)}`;
}

/** The default guest's command line. */
export async function defaultArgs(page: Page): Promise<string> {
  const response = await page.request.get("./guest/manifest.json");
  expect(response.ok()).toBe(true);
  const manifest: unknown = await response.json();
  const { args } = manifest as { args: string };
  return args;
}

/** Takes an option and its value out of a command line. */
export function without(args: string, option: string): string {
  return args.replace(new RegExp(`(^|\\s)${option}\\s+("[^"]*"|\\S+)`), " ").trim();
}
