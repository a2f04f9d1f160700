import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ConfigError } from "./config-error.ts";
import { LinkError } from "./link-error.ts";
import { formatLink } from "./link-format.ts";
import { type LinkProfiles, linkNeedsProfiles, parseLink } from "./link.ts";
import { writableImages } from "./link-kept.ts";
import { LINK_KEYS, linkKeysMarkdown } from "./link-keys.ts";
import { MAX_LINK_CHARS } from "./link-values.ts";

const PAGE = "https://armlet.example/";
const PROFILES: LinkProfiles = {
  default: "full",
  profiles: {
    full: { title: "The default guest", args: "-kernel guest/Image -initrd guest/initrd" },
    elsewhere: { args: "-kernel https://cdn.example/Image -armlet 'type=uname\\n'" },
    debian: { args: "-kernel Image -drive if=none,id=disk0,file=a.img -device virtio-blk-device,drive=disk0,serial=A" },
  },
};
const open = (query: string, options = {}) => parseLink(PAGE + query, PROFILES, options);
const warnings = (query: string): readonly string[] => open(query).warnings;
const error = (query: string): LinkError => {
  try {
    open(query);
  } catch (thrown) {
    if (thrown instanceof LinkError) return thrown;
    throw thrown;
  }
  throw new Error(`${query} was opened`);
};

/** encodeURIComponent takes no halves of characters. */
const wellFormed = (text: string): string => text.replace(/\p{Cs}/gu, "\ufffd");

describe("a link", () => {
  it.each([
    ["", true],
    ["?mem=64", true],
    ["?guest=full", true],
    ["?profile=full&kernel=Image", true],
    ["?kernel=", true],
    ["?kernel=Image", false],
    ["?args=-kernel%20Image", false],
    ["?args=&profile=full", false],
  ])("%s needs the profiles: %s", (query, needed) => {
    expect(linkNeedsProfiles(PAGE + query)).toBe(needed);
    if (!needed) expect(parseLink(PAGE + query, null).profile).toBeNull();
  });

  it("keeps the place of a disk that it replaces, and takes a disk away with its device", () => {
    const { config } = open("?profile=debian&disk0=b.img");
    expect(config.drives).toMatchObject([{ id: "disk0", file: "b.img" }]);
    expect(config.devices).toEqual([{ name: "virtio-blk-device", properties: { drive: "disk0", serial: "A" } }]);
    expect(open("?profile=debian&disk0=").config).toMatchObject({ drives: [], devices: [] });
  });

  it("is its command line, not its profile, where it has both", () => {
    const link = open("?profile=debian&args=-kernel%20x");
    expect(link).toMatchObject({ profile: null, config: { kernel: "x" } });
    expect(link.warnings).toEqual([expect.stringMatching(/command line is used/)]);
  });

  it("lists the origins of what it brings, not of what its profile has", () => {
    expect(open("?profile=elsewhere").origins).toEqual([]);
    const query = "?profile=elsewhere&disk0=//b.example/d&disk1=http%3A//a.example%3A81/d&disk2=/own&initrd=data:,x";
    expect(open(query).origins).toEqual(["http://a.example:81", "https://b.example"]);
  });

  it("types only after a confirmation, unless the profile or the page itself says what", () => {
    expect(open("?type=ls%5Cn").typed).toEqual({ texts: ["ls\n"], needsConfirmation: true });
    expect(open("?args=-armlet%20type%3Dls").typed).toEqual({ texts: ["ls"], needsConfirmation: true });
    expect(open("?profile=elsewhere").typed).toEqual({ texts: ["uname\n"], needsConfirmation: false });
    expect(open("?profile=elsewhere&type=").typed).toEqual({ texts: [], needsConfirmation: false });
    expect(open("?profile=elsewhere&type=reboot").typed).toEqual({ texts: ["reboot"], needsConfirmation: true });
    expect(open("?type=ls", { trusted: true }).typed.needsConfirmation).toBe(false);
    expect(open("?args=-armlet%20type%3Dls").args).not.toContain("ls");
  });

  it("does not reach the disks of this browser, unless the page made it for itself", () => {
    for (const query of ["?disk1=disk:a", "?args=-kernel%20k%20-drive%20file%3Ddisk:a,id%3Ddisk1"]) {
      const link = open(query);
      expect(link.config).toMatchObject({ drives: [], devices: [] });
      expect(link.args).not.toContain("disk:");
      expect(link.warnings).toEqual([expect.stringMatching(/“disk1”/)]);
      expect(link.keptDisks).toEqual(["a"]);
      expect(open(query, { trusted: true }).config.drives).toMatchObject([{ file: "disk:a" }]);
    }
  });

  it("does not take kernels from disks of this browser", () => {
    const link = open("?kernel=disk:a/kernel&initrd=disk:a/initrd");
    expect(link).toMatchObject({ config: { kernel: null, initrd: null }, keptDisks: ["a/kernel", "a/initrd"] });
    expect(open("?kernel=disk:a/kernel", { disks: true }).config.kernel).toBe("disk:a/kernel");
  });

  it("does not reach what this browser keeps over an image, unless its programs are the profile's own", () => {
    const writtenImages = new Set([`${PAGE}a.img`]);
    const stranger = "?args=-kernel%20k%20-drive%20file%3D/a.img,id%3Dhd0%20-drive%20file%3Db.img";
    const link = open(stranger, { writtenImages });
    expect(link.config.drives).toMatchObject([{ id: "hd0", snapshot: true }, { snapshot: false }]);
    expect(link).toMatchObject({ keptDisks: [`${PAGE}a.img`], warnings: [expect.stringMatching(/\/a\.img/)] });
    for (const options of [{ writtenImages, disks: true }, { writtenImages, trusted: true }, {}]) {
      expect(open(stranger, options)).toMatchObject({ keptDisks: [], config: { drives: [{ snapshot: false }, {}] } });
    }
    for (const query of ["?profile=debian", "?profile=debian&mem=512&type=ls"]) {
      expect(open(query, { writtenImages })).toMatchObject({
        keptDisks: [],
        config: { drives: [{ snapshot: false }] },
      });
    }
    for (const change of ["kernel=/k", "append=init%3D/x", "initrd=x", "dtb=x"]) {
      const changed = open(`?profile=debian&${change}`, { writtenImages });
      expect(changed).toMatchObject({ keptDisks: [`${PAGE}a.img`], config: { drives: [{ snapshot: true }] } });
    }
    expect(writableImages(open(stranger).config, new URL(PAGE))).toEqual([`${PAGE}a.img`, `${PAGE}b.img`]);
    expect(writableImages(link.config, new URL(PAGE))).toEqual([`${PAGE}b.img`]);
  });

  it("has no mistakes in what other sites added, and what the page uses itself", () => {
    expect(warnings("?mem=64&utm_source=x&fbclid=1&theme=dark&v=1")).toEqual([expect.stringContaining("theme")]);
    expect(open("?theme=dark", { pageKeys: ["theme"] })).toMatchObject({ warnings: [], source: "default" });
  });
});

describe("a mistake that does no harm is told:", () => {
  it.each([
    ["?memory=512", /“memory” that does not exist; it was left out. Did it mean “mem”/],
    ["?MEM=512", /“MEM”.*“mem”/],
    ["?profil=debian", /“profile”/],
    ["?gust=debian", /“guest”/],
    ["?__proto__=1", /“__proto__”/],
    ["?hasOwnProperty", /“hasOwnProperty”/],
    ["?mem=64&mem=128", /“mem” more than once.*“128”/],
    ["?append=%zz", /damaged at “append”/],
    ["?append=%ff%fe", /damaged at “append”/],
    ["?append=%ed%a0%80", /damaged at “append”/],
    ["?v=2", /newer version of this page \(2\)/],
    ["?v=x", /version “x”/],
    ["?net=user", /no network/],
    ["?cols=0", /“cols=0”, which is no number from 1/],
    ["?rows=1e2", /“rows=1e2”/],
    ["?cols=99999", /“cols=99999”/],
    ["?a%E2%80%AEb=1", /“a\ufffdb”/],
  ])("%s", (query, message) => {
    const { warnings: texts, config } = open(query);
    expect(texts).toEqual([expect.stringMatching(message)]);
    expect(config.kernel).toBe("guest/Image");
  });

  it("but not a thousand times", () => {
    const query = `?${Array.from({ length: 1000 }, (_, at) => `key${at}=1`).join("&")}`;
    const texts = warnings(query);
    expect(texts.length).toBeLessThan(30);
    expect(texts.at(-1)).toMatch(/980 more/);
  });

  it("and what chat programs do to a link is not one", () => {
    const link = open("?profile=debian&amp;mem=512&amp;v=1).");
    expect(link).toMatchObject({ warnings: [], profile: "debian", config: { ramSizeBytes: 512 << 20 } });
  });

  it("the last of what is given twice counts, as in a command line", () => {
    expect(open("?mem=64&mem=128").config.ramSizeBytes).toBe(128 << 20);
  });
});

describe("a link is refused with a sentence:", () => {
  it.each([
    ["?profile=nobody", /no machine “nobody”/],
    ["?profile=__proto__", /no machine “__proto__”/],
    ["?mem=lots", /“mem=lots”. -m is a size/],
    ["?gic=7", /“gic=7”.*cannot be "7"/],
    ["?kernel=x,sha256=12", /64 hexadecimal digits/],
    ["?disk0=a,b", /no property "b"/],
    ["?disk0=a,id=x", /“id” cannot be given here/],
    ["?disk0=a,format=vmdk", /format cannot be "vmdk"/],
    [
      "?kernel=javascript:alert(1)",
      /kernel is “javascript:alert\(1\)”, but a page does not load files by “javascript:”/,
    ],
    ["?kernel=%20JaVaScRiPt:alert(1)", /a page does not load/],
    ["?kernel=java%09script:alert(1)", /cannot be seen/],
    ["?args=-kernel%20javascript:x", /a page does not load/],
    ["?disk3=file:///etc/passwd", /disk3 is “file:.*a file of one computer/],
    ["?initrd=blob:https://armlet.example/1-2", /only one page of one browser has/],
    ["?disk0=filesystem:x", /“filesystem:”/],
    ["?dtb=ftp://x/y", /“ftp:”/],
    ["?disk0=https://user:pw@host/x", /name or a password/],
    ["?disk0=//user@host/x", /name or a password/],
    ["?disk0=https://[", /no address/],
    ["?disk0=a%00b", /cannot be seen/],
    [`?initrd=data:,${"x".repeat(9000)}`, /too long \(more than 8192/],
    [`?type=${"x".repeat(5000)}`, /type 5000 characters/],
    ["?type=a%5Cq", /stands for nothing/],
    [`?append=${"x".repeat(MAX_LINK_CHARS)}`, /too long/],
  ])("%#", (query, message) => {
    const { message: text, advice } = error(query);
    expect(text).toMatch(message);
    expect(text.length).toBeLessThan(400);
    expect(advice).toMatch(/\.$/);
  });

  it("a wrong command line gets the command line's own", () => {
    expect(() => open("?args=-kernal%20x")).toThrow(ConfigError);
    expect(() => open("?args=-h")).toThrow(/Usage/);
    // The wrong one is the one that is told, not another one of the same link that nobody looked at.
    const queries = ["?args=-armlet%20type%3Dx&args=-kernal%20x", "?args=-armlet%20type%3Dx&amp;args=-kernal%20x"];
    for (const query of queries) expect(() => open(query)).toThrow(expect.objectContaining({ args: "-kernal x" }));
  });
});

it("any query at all is a machine or a sentence, and reaches nothing it must not", () => {
  const key = fc.oneof(fc.constantFrom(...LINK_KEYS, "guest"), fc.string({ unit: "binary", maxLength: 8 }));
  const nasty = fc.constantFrom(
    "disk:x",
    "javascript:x",
    "//u:p@h/",
    "file:///x",
    "blob:x",
    "%",
    "\ud800",
    "\u202e",
    ",,",
  );
  const value = fc.oneof(fc.string({ unit: "binary" }), fc.webUrl(), nasty, fc.nat().map(String));
  const encoded = fc
    .array(fc.tuple(key, value, fc.boolean()), { maxLength: 8 })
    .map((pairs) =>
      pairs
        .map(
          ([name, text, raw]) =>
            `${encodeURIComponent(wellFormed(name))}=${raw ? text : encodeURIComponent(wellFormed(text))}`,
        )
        .join("&"),
    );
  fc.assert(
    fc.property(encoded, (query) => {
      try {
        const { config, origins } = open(`?${query}`);
        for (const { file } of config.drives) expect(file).not.toMatch(/^(?:disk|blob|file|javascript):/i);
        expect(config.typed).toEqual([]);
        expect(origins.every((origin) => /^https?:\/\/[^@]+$/.test(origin))).toBe(true);
      } catch (thrown) {
        expect(thrown).toMatchObject({ name: expect.stringMatching(/^(?:LinkError|ConfigError)$/) as string });
      }
    }),
    { numRuns: 200 },
  );
}, 30_000);

it("long values of any kind are read and written before anybody notices", () => {
  const unit = [
    ",",
    "a,",
    "=",
    "a.",
    "a/",
    "/",
    "\\\\",
    "x://",
    "x://a",
    "'",
    '"',
    "-drive file=a ",
    "-armlet type=a ",
    "%",
    "sha256=",
    "?",
  ];
  for (const part of unit) {
    const value = encodeURIComponent(part.repeat(30_000 / encodeURIComponent(part).length));
    for (const key of [...LINK_KEYS, "nonsense"]) {
      try {
        const { config, typed } = open(`?${key}=${value}`);
        const subject = { page: PAGE, config: { ...config, typed: typed.texts }, profile: "full", profiles: PROFILES };
        expect(formatLink(subject)).toHaveProperty("url");
      } catch (thrown) {
        expect(thrown).toMatchObject({ name: expect.stringMatching(/^(?:LinkError|ConfigError)$/) as string });
      }
    }
  }
}, 60_000);

describe("docs/command-line.md", () => {
  it("has the keys as they are", () => {
    const document = readFileSync(new URL("../../../docs/command-line.md", import.meta.url), "utf8");
    expect(document).toContain(linkKeysMarkdown());
  });
});
