#!/usr/bin/env node
// @ts-check
/** `npx armlet …` in a clone: builds the command line if it is stale, then is it. Standard output is the guest's alone. */
import { pathToFileURL } from "node:url";
import { buildCliIfStale, cliFile, cliIsFresh } from "../scripts/build-cli.mjs";
import { checkNode, ensureNpmPackages } from "../scripts/lib/npm-packages.mjs";
import { step } from "../scripts/lib/steps.mjs";

try {
  checkNode();
  await ensureNpmPackages();
  if (!cliIsFresh()) await step("command line", () => buildCliIfStale());
} catch (error) {
  process.stderr.write(`armlet: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
await import(pathToFileURL(cliFile).href);
