import { HeadStart } from "../src/ts/api/head-start.ts";
import { loadManifest, type Manifest } from "./guest-profile.ts";
import { isStartAddress, machineKeys } from "./machine-address.ts";

/**
 * What the first machine of a page needs, begun by a script of its own (scripts/vite-page-start.mjs) while the page's other
 * modules are on their way.
 */
export class PageStart {
  /** null where no machine will start by itself. */
  readonly machine: HeadStart | null;
  #manifest: Promise<Manifest> | null = null;

  constructor(query: URLSearchParams) {
    const starts = !isStartAddress(query) && query.get("autostart") !== "0";
    this.machine = starts ? new HeadStart() : null;
    if (!starts) return;
    // What reads links. Whoever does gets its errors.
    if (machineKeys(query).length > 0) import("./link-reader.ts").catch(() => {});
    // An address that names everything itself does without.
    if (query.has("args") || query.has("kernel")) return;
    this.#manifest = loadManifest();
    // Whoever loads it gets its error.
    this.#manifest.catch(() => {});
  }

  /** The machines beside the page, the first time as they were asked for at the start. Rejects with NoGuestError. */
  readonly loadManifest = (): Promise<Manifest> => {
    const begun = this.#manifest;
    this.#manifest = null;
    return begun ?? loadManifest();
  };
}

// A browser that lacks something got its own page.
const runs = !document.documentElement.hasAttribute("data-missing");

/** Of this page; null where it runs no machine at all. */
export const pageStart = runs ? new PageStart(new URLSearchParams(location.search)) : null;
