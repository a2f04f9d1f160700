/** Runs batches of cases in `qemu-aarch64 -cpu cortex-a57` (runner.s). */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { BATCH_MAX, CASE_SIZE } from "./case-layout.ts";
import type { CaseBuffer } from "./cases.ts";

const source = fileURLToPath(new URL("runner.s", import.meta.url));

export interface QemuUser {
  /** Results of all cases, in the layout of case-layout.ts. Case i runs in slot i % BATCH_MAX. */
  run(cases: CaseBuffer): Uint8Array<ArrayBuffer>;
  dispose(): void;
}

/** Assembles the runner; needs aarch64-linux-gnu-as, -ld and qemu-aarch64. */
export function createQemuUser(): QemuUser {
  const directory = mkdtempSync(join(tmpdir(), "armlet-differential-"));
  const object = join(directory, "runner.o");
  const program = join(directory, "runner");
  execFileSync("aarch64-linux-gnu-as", [source, "-o", object]);
  execFileSync("aarch64-linux-gnu-ld", [object, "-o", program]);
  return {
    run: (cases) => {
      const parts: Uint8Array[] = [];
      for (let first = 0; first < cases.count; first += BATCH_MAX) {
        const count = Math.min(BATCH_MAX, cases.count - first);
        parts.push(new Uint8Array(new Uint32Array([count, 0]).buffer));
        parts.push(cases.bytes.subarray(first * CASE_SIZE, (first + count) * CASE_SIZE));
      }
      const size = cases.count * CASE_SIZE;
      const child = spawnSync("qemu-aarch64", ["-cpu", "cortex-a57", program], {
        input: Buffer.concat(parts),
        maxBuffer: size + 4096,
        // A word that makes the runner spin must not outlive the test.
        timeout: 300_000,
        killSignal: "SIGKILL",
      });
      if (child.error) throw child.error;
      if (child.status !== 0 || child.stdout.length !== size) {
        throw new Error(
          `qemu-aarch64 ended with ${child.signal ?? child.status} after ${child.stdout.length} of ${size} bytes: ${child.stderr}`,
        );
      }
      const results = new Uint8Array(size);
      results.set(child.stdout);
      return results;
    },
    dispose: () => rmSync(directory, { recursive: true, force: true }),
  };
}
