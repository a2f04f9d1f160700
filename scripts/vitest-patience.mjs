// @ts-check
/** Before each test file: what is waited for has long enough on a machine that is busy with something else. */
import { vi } from "vitest";

const PATIENCE_MS = 20_000;

const { waitFor } = vi;
/** As vitest's own, whose limit is one second unless a call gives another. @type {typeof waitFor} */
vi.waitFor = (callback, options) =>
  waitFor(callback, typeof options === "number" ? options : { timeout: PATIENCE_MS, ...options });
