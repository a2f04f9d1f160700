/** A machine of the package in a blank page, whose worker is killed as the browser kills one: without a word to it. */
import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright/test";
import { BOOT_TIMEOUT_MS } from "./machine.ts";

const packageFolder = fileURLToPath(new URL("../../dist/package", import.meta.url));

/** When a worker is killed: so long after the page heard of so many durable steps; 0 of them: after the load was typed. */
export interface KillMoment {
  readonly steps: number;
  readonly afterMs: number;
}

/** The worker of the machine in the page, and the package's VirtualMachine. */
interface KillWindow {
  machineWorkers: Worker[];
  readonly VirtualMachine: new (options: {
    readonly args: string;
  }) => {
    readonly serial: { readonly text: string; write(text: string): void; onData(listener: () => void): unknown };
    readonly stats: { readonly promptMs: number | null };
    start(): Promise<void>;
  };
}

/** Before the page of `openWorkerPage` (bundle.ts) is opened: puts the package beside it, and notes the workers of machines. */
export async function preparePackagePage(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const scope = window as unknown as KillWindow;
    scope.machineWorkers = [];
    const NativeWorker = Worker;
    window.Worker = class extends NativeWorker {
      constructor(url: string | URL, options?: WorkerOptions) {
        super(url, options);
        if (options?.name === "armlet machine") scope.machineWorkers.push(this);
      }
    };
  });
  await page.route("**/in-browser-test/package/**", async (route) => {
    const path = join(packageFolder, new URL(route.request().url()).pathname.replace(/^.*\/package\//, ""));
    const types: Readonly<Record<string, string>> = { js: "text/javascript", wasm: "application/wasm" };
    const contentType = types[basename(path).replace(/^.*\./, "")] ?? "application/octet-stream";
    await (existsSync(path) ? route.fulfill({ path, contentType }) : route.fulfill({ status: 404 }));
  });
}

/** Starts a machine, types `script` and kills its worker; returns what the page had heard of its console by then. */
export async function runUntilKilled(page: Page, args: string, script: string, moment: KillMoment): Promise<string> {
  return await page.evaluate(
    async ({ args, script, moment, timeoutMs }) => {
      const scope = window as unknown as KillWindow;
      const module = "./package/index.js";
      const { VirtualMachine } = (await import(module)) as KillWindow;
      const vm = new VirtualMachine({ args });
      await vm.start();
      const end = performance.now() + timeoutMs;
      const inTime = async (condition: () => boolean): Promise<void> => {
        while (!condition()) {
          if (performance.now() > end) throw new Error(`too late: ${vm.serial.text.slice(-2000)}`);
          await new Promise((resolve) => setTimeout(resolve, 10));
        }
      };
      await inTime(() => vm.stats.promptMs !== null);
      const texts: string[] = [];
      const kill = (): void => {
        for (const worker of scope.machineWorkers.splice(0)) worker.terminate();
        texts.push(vm.serial.text);
      };
      let waits = false;
      const watch = (): void => {
        const heard = vm.serial.text.match(/synced \d+\r/g)?.length ?? 0;
        if (waits || heard < moment.steps) return;
        waits = true;
        // At once is sooner than the next turn.
        if (moment.afterMs === 0) kill();
        else setTimeout(kill, moment.afterMs);
      };
      vm.serial.onData(watch);
      vm.serial.write(script);
      watch();
      await inTime(() => texts.length > 0);
      return texts.join("");
    },
    { args, script, moment, timeoutMs: 2 * BOOT_TIMEOUT_MS },
  );
}

/** The command line of the guest that is at its prompt the soonest, for that page. */
export async function shortestArgs(page: Page): Promise<string> {
  const manifest: unknown = await (await page.request.get("./guest/manifest.json")).json();
  const { args, guests } = manifest as { args: string; guests: Record<string, { args: string }> };
  return (guests.lean?.args ?? args).replaceAll(/\bguest\//g, "../guest/");
}
