/** Tests beside their sources. "differential" are those that run QEMU on generated cases and take minutes. */
import { defineConfig } from "vitest/config";

const differential = ["src/wasm/**/differential/**/*.test.ts", "src/**/*-qemu.test.ts", "guest/**/*-qemu.test.ts"];
const everything = [
  "src/**/*.test.ts",
  "web/**/*.test.ts",
  "guest/**/*.test.ts",
  "scripts/**/*.test.ts",
  "bench/**/*.test.ts",
  "suites/**/*.test.ts",
];

export default defineConfig({
  test: {
    // Two cores are shared with what the tests start.
    maxWorkers: 2,
    // Many start programs such as qemu-img: how long those take is not what is tested.
    testTimeout: 120_000,
    hookTimeout: 240_000,
    globalSetup: "scripts/vitest-setup.mjs",
    setupFiles: ["scripts/vitest-seed.mjs", "scripts/vitest-patience.mjs"],
    expect: { poll: { timeout: 20_000 } },
    projects: [
      { extends: true, test: { name: "unit", include: everything, exclude: [...differential, "**/node_modules/**"] } },
      { extends: true, test: { name: "differential", include: differential, testTimeout: 600_000 } },
    ],
  },
});
