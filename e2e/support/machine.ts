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

/**
 * At each prompt busybox's shell asks the terminal where its cursor is. An answer that comes when the shell has already
 * begun with the next command is echoed like anything that is typed ahead, in the middle of what that command prints.
 */
const CURSOR_ANSWERS = /\^\[\[\d+;\d+R/g;

/** What a command printed, of all that a console said since it was typed with `mark` behind it; null until it has ended. */
export function outputBefore(mark: string, said: string): string | null {
  const text = said.replaceAll(CURSOR_ANSWERS, "");
  if (!new RegExp(`${mark}\\r?\\n`).test(text)) return null;
  return text.slice(text.indexOf("\n") + 1, text.lastIndexOf(mark)).replaceAll("\r", "");
}

/** Runs a command in the guest through the API; returns what it printed. */
export async function run(page: Page, command: string, timeoutMs = 120_000): Promise<string> {
  const mark = `done-${Math.random().toString(36).slice(2)}`;
  const before = (await serialText(page)).length;
  let output = null as string | null;
  // The quotes keep the mark's echo apart from the mark.
  await page.evaluate(
    (line) => window.vm.serial.write(line),
    `${command}; echo ${mark.slice(0, 4)}""${mark.slice(4)}\r`,
  );
  await expect
    .poll(
      async () => {
        const said = (await serialText(page)).slice(before);
        output = outputBefore(mark, said);
        // What it said instead is in the report of a failure.
        return output === null ? said : "ended";
      },
      { timeout: timeoutMs, message: command },
    )
    .toBe("ended");
  return output ?? "";
}

/**
 * Does what puts another machine in the place of the page's, and waits for that one's prompt: until it is there, the one
 * that goes may still say that it is at its own.
 */
export async function replaceMachine(page: Page, replace: () => Promise<void>): Promise<void> {
  const old = await page.evaluateHandle(() => window.vm);
  await replace();
  await page.waitForFunction(
    (before) =>
      (window.vm as PageMachine | undefined) !== undefined &&
      window.vm !== before &&
      typeof window.vm.stats.promptMs === "number",
    old,
    { timeout: BOOT_TIMEOUT_MS },
  );
}

/** The command line of the page's machine; empty while the page has none. */
export async function machineArgs(page: Page): Promise<string> {
  return await page.evaluate(() => (window.vm as PageMachine | undefined)?.args ?? "");
}

/** Waits until the guest knows how large the terminal is, which comes to it behind its prompt. */
export async function waitForTerminalSize(page: Page): Promise<void> {
  const rows = page.locator("armlet-terminal .xterm-rows > div");
  await expect
    .poll(async () => {
      const size = await run(page, "stty size");
      return size.startsWith(`${await rows.count()} `) ? "known" : size;
    })
    .toBe("known");
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
