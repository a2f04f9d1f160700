// @ts-check
/** Vite plugin: `<!--#include file="…" -->` in a page is replaced by that file, as servers do; names are relative to the page. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

const INCLUDE = /[ \t]*<!--#include file="([^"]+)" -->\n?/g;

/** @returns {import("vite").Plugin} */
export function includes() {
  return {
    name: "armlet:includes",
    transformIndexHtml: {
      order: "pre",
      handler: (page, { filename }) =>
        page.replace(INCLUDE, (_, file) => readFileSync(join(dirname(filename), file), "utf8")),
    },
  };
}
