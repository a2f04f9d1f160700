// @ts-check
/**
 * Vite plugin: in the built site, what the first machine needs (web/page-start.ts) is begun by a script of its own. The page's
 * script imports the same module, but a browser runs that one only when all its modules are there.
 */
import { root } from "./lib/paths.mjs";

/** What Rolldown makes a chunk of its own of. */
export const pageStartEntry = `${root}/web/page-start.ts`;

/** How the page's own script begins. */
const PAGE_SCRIPT = '<script type="module" crossorigin';

/** @returns {import("vite").Plugin} */
export function pageStart() {
  return {
    name: "armlet:page-start",
    apply: "build",
    transformIndexHtml: {
      order: "post",
      handler(page, { bundle }) {
        const chunks = Object.values(bundle ?? {}).filter((file) => file.type === "chunk");
        const start = chunks.find(({ facadeModuleId }) => facadeModuleId === pageStartEntry);
        if (start === undefined) throw new Error("The bundle has no script of web/page-start.ts.");
        // Behind the check of the browser, whose result it looks at.
        const [first, ...others] = page.split(PAGE_SCRIPT);
        if (first === undefined || others.length !== 1) throw new Error("The page has no script, or several.");
        const tag = `<script type="module" async crossorigin src="./${start.fileName}"></script>\n    `;
        return `${first}${tag}${PAGE_SCRIPT}${others[0]}`;
      },
    },
  };
}
