/** Shared folders in links: what a stranger's machine gets, and what a link carries. */
import { expect, it } from "vitest";
import { parseCommandLine } from "./command-line.ts";
import { parseLink } from "./link.ts";
import { formatLink } from "./link-format.ts";

const PAGE = "https://armlet.example/";
const ARGS =
  "-kernel Image -virtfs local,path=opfs:notes,mount_tag=o -virtfs local,path=folder:7,mount_tag=f -virtfs local,path=memory:,mount_tag=m -virtfs local,path=https://other.example/list.json,mount_tag=h";
const link = `${PAGE}?args=${encodeURIComponent(ARGS)}`;

it("a stranger's machine does not get folders that this browser keeps", () => {
  const { config, keptDisks, warnings, origins } = parseLink(link, null);
  expect(config.fsdevs.map(({ path }) => path)).toEqual(["memory:", "https://other.example/list.json"]);
  expect(config.devices.map(({ properties }) => properties.mount_tag)).toEqual(["m", "h"]);
  expect(keptDisks).toEqual(["opfs:notes", "folder:7"]);
  expect(warnings.join()).toContain("a folder that a browser keeps");
  expect(origins).toEqual(["https://other.example"]);
  expect(parseLink(link, null, { disks: true }).config.fsdevs).toHaveLength(4);
  const files = `${PAGE}?args=${encodeURIComponent("-kernel Image -virtfs local,path=file:///etc,mount_tag=x")}`;
  expect(() => parseLink(files, null)).toThrow("a file of one computer");
});

it("a link carries lists on servers and memory, and names what it leaves out", () => {
  const { url, missing } = formatLink({ page: PAGE, config: parseCommandLine(ARGS), profile: null, profiles: null });
  expect(missing.map(({ what }) => what)).toEqual([
    "the shared folder o (opfs:notes)",
    "the shared folder f (folder:7)",
  ]);
  expect(parseLink(url ?? "", null).config.fsdevs.map(({ id }) => id)).toEqual(["m", "h"]);
});
