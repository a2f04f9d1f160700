// @ts-check
/** What a page costs to download, as servers send it. */
import { extname } from "node:path";
import { brotliCompressSync, constants } from "node:zlib";

/** @typedef {{ path: string, bytes: number }} Part `bytes` after brotli at its highest quality. */

/**
 * Collects everything that a page loads from now on, except guests and fonts.
 * @param {import("playwright").Page} page
 * @returns {() => Promise<Part[]>} The parts so far, the largest first.
 */
export function collectDownloads(page) {
  /** @type {Map<string, Promise<Buffer>>} */
  const bodies = new Map();
  page.on("response", (response) => {
    const { pathname, protocol } = new URL(response.url());
    const counted = protocol === "http:" && !pathname.includes("/guest/") && extname(pathname) !== ".woff2";
    if (counted && response.ok()) bodies.set(pathname, response.body());
  });
  return async () => {
    const options = { params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY } };
    const parts = [...bodies].map(async ([path, body]) => ({
      path,
      bytes: brotliCompressSync(await body, options).length,
    }));
    return (await Promise.all(parts)).sort((a, b) => b.bytes - a.bytes);
  };
}
