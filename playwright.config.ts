/** End-to-end tests in Debian's Chromium against the built site, as any static host serves it. */
import { defineConfig } from "playwright/test";

/** Where the tests' own server listens; another one for a second working copy. */
const port = Number(process.env.E2E_PORT ?? 4173);

export default defineConfig({
  testDir: "e2e",
  outputDir: "build/test-results",
  // A guest wants a core to itself while it boots, and then mostly sleeps. The smallest machine that runs this has two.
  workers: 2,
  fullyParallel: false,
  forbidOnly: process.env.CI !== undefined,
  // Only what hangs ends here: a busy machine is several times slower than a quiet one.
  timeout: 480_000,
  expect: { timeout: 60_000 },
  reporter: [["list"], ["json", { outputFile: "build/results-e2e.json" }]],
  use: {
    baseURL: `http://localhost:${port}/`,
    trace: "retain-on-failure",
    launchOptions: {
      executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
      args: [
        // Chromium's own sandbox does not work for root, as which CI runs.
        "--no-sandbox",
        "--disable-quic",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    },
  },
  projects: [{ name: "chromium", use: { browserName: "chromium" } }],
  webServer: {
    command: `node scripts/serve-site.mjs --port ${port}`,
    url: `http://localhost:${port}/`,
    reuseExistingServer: process.env.CI === undefined,
    timeout: 120_000,
  },
});
