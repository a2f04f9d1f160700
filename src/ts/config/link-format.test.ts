import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseCommandLine } from "./command-line.ts";
import { type LinkProfiles, parseLink } from "./link.ts";
import { formatLink, type LinkSubject } from "./link-format.ts";
import { MAX_LINK_CHARS } from "./link-values.ts";
import { DEFAULT_CONFIG, type MachineConfig } from "./machine-config.ts";
import { machines } from "./testing/machines.ts";

const PAGE = "https://armlet.example/sub/?old=1#frag";
const HASH = "0123456789abcdef".repeat(4);
const PROFILES: LinkProfiles = {
  default: "full",
  profiles: {
    full: {
      args: '-m 256 -kernel guest/Image -initrd guest/initrd -append "console=ttyAMA0 quiet" -device virtio-rng-device',
    },
    tour: { args: "-kernel guest/Image -armlet 'type=ls\\n'" },
  },
};
const write = (config: MachineConfig, more: Partial<LinkSubject> = {}) =>
  formatLink({ page: PAGE, config, profile: null, profiles: PROFILES, ...more });
const full = parseCommandLine(PROFILES.profiles.full?.args ?? "");
const query = (config: MachineConfig, more: Partial<LinkSubject> = {}): string =>
  new URL(write(config, { profile: "full", ...more }).url ?? "").search;

describe("a machine as a link", () => {
  it.each<[string, Partial<MachineConfig>, string]>([
    ["the profile itself", {}, "?profile=full&v=1"],
    ["more memory", { ramSizeBytes: 512 << 20 }, "?profile=full&mem=512&v=1"],
    ["another command line", { append: "a b" }, "?profile=full&append=a%20b&v=1"],
    ["without an initrd", { initrd: null }, "?profile=full&initrd=&v=1"],
    ["a kernel with a hash", { kernel: "x,y", kernelSha256: HASH }, `?profile=full&kernel=x,,y,sha256%3D${HASH}&v=1`],
    ["what is typed", { typed: ["ls\n", "\x03"] }, "?profile=full&type=ls%5Cn&type=%5Cx03&v=1"],
  ])("%s", (_, change, expected) => {
    expect(query({ ...full, ...change })).toBe(expected);
  });

  it("with a disk, and the size of the console", () => {
    const config = parseCommandLine(
      `${PROFILES.profiles.full?.args ?? ""} -drive id=disk0,file=https://h.example/d_1.img`,
    );
    expect(query(config, { columns: 100, rows: 30 })).toBe(
      "?profile=full&disk0=https%3A//h.example/d%5F1.img&cols=100&rows=30&v=1",
    );
  });

  it("is a command line where the keys cannot say it", () => {
    const config = { ...full, noReboot: true };
    const { url } = write(config, { profile: "full" });
    expect(url).toContain("?args=-M%20virt,gic-version%3D2,armlet%3D1.0%20");
    expect(parseLink(url ?? "", null).config).toEqual(config);
  });

  it("says that a profile's typing is not wanted", () => {
    const { typed: _, ...tour } = parseCommandLine(PROFILES.profiles.tour?.args ?? "");
    expect(query({ ...tour, typed: ["ls\n"] }, { profile: "tour" })).toBe("?profile=tour&v=1");
    const url = write({ ...tour, typed: [] }, { profile: "tour" }).url ?? "";
    expect(parseLink(url, PROFILES).typed.texts).toEqual([]);
  });

  it("survives a chat: nothing in it is markup, punctuation at an end, or invisible", () => {
    const append = "*a* _b_ ~c~ (d) 'e' \"f\" <g> |h| `i` -- ... \u202e \u{1f600} [j] {k} \\ ^ :) !";
    const { url } = write({ ...full, append }, { profile: "full" });
    expect(url).toMatch(
      /^https:\/\/armlet\.example\/sub\/\?(?:[A-Za-z0-9/,&=]|%[0-9A-F]{2}|[-.](?![-.]))+[A-Za-z0-9]$/,
    );
    expect(parseLink(url ?? "", PROFILES).config.append).toBe(append);
  });

  it("opens as the same machine, whatever it is", () => {
    const name = fc
      .stringMatching(/^[a-z][a-z0-9 ,=%&+?~*_'()"äß😀.-]{0,12}$/u)
      .filter((text) => !/[?&]/.test(text) || !/[?&](key|sid|si?g|pw?d)/.test(text));
    const linkable = fc.tuple(machines, fc.array(name, { minLength: 6, maxLength: 6 })).map(([config, names]) => ({
      ...config,
      kernel: config.kernel && (names[0] ?? ""),
      initrd: config.initrd && (names[1] ?? ""),
      dtb: config.dtb && (names[2] ?? ""),
      drives: config.drives.map((drive, at) => ({ ...drive, file: names[at + 3] ?? "" })),
      fsdevs: config.fsdevs.map((fsdev, at) => ({ ...fsdev, path: at === 0 ? "memory:" : (names[at + 3] ?? "") })),
    }));
    fc.assert(
      fc.property(linkable, fc.constantFrom(null, "full", "tour", "nobody"), (config, profile) => {
        const { url, missing } = write(config, { profile });
        expect(missing).toEqual([]);
        const link = parseLink(url ?? "", PROFILES);
        const title = config.title === null ? null : whole(config.title);
        const append = config.append === null ? null : whole(config.append);
        expect(link.config).toEqual({ ...config, title, append, typed: [] });
        expect(link.typed.texts).toEqual(config.typed);
        expect(link.warnings).toEqual([]);
      }),
      { numRuns: 200 },
    );
  }, 30_000);
});

/** What every address makes of halves of characters. */
const whole = (text: string): string => text.replace(/\p{Cs}/gu, "\ufffd");

describe("what a link cannot carry is left out and told:", () => {
  const machine = (args: string): MachineConfig => parseCommandLine(args);

  it("files of this computer", () => {
    const config = machine("-kernel Image -initrd my.gz -drive id=a,file=disk.img -drive id=b,file=b.img");
    const { url, missing } = write(config, { localFiles: ["my.gz", "disk.img"] });
    expect(missing).toEqual([
      { what: "the initial file system (my.gz)", why: expect.stringMatching(/file of this computer/) as string },
      { what: "the disk a (disk.img)", why: expect.stringMatching(/file of this computer/) as string },
    ]);
    expect(parseLink(url ?? "", null).config).toMatchObject({ initrd: null, drives: [{ id: "b" }], devices: [{}] });
  });

  it("a kernel of this computer: the profile's takes its place", () => {
    const config = { ...full, kernel: "blob:https://armlet.example/1", kernelSha256: HASH };
    expect(query(config)).toBe("?profile=full&v=1");
    expect(write(config, { profile: "full" }).missing).toMatchObject([{ what: "the kernel (1)" }]);
  });

  it("disks of this browser, or what was written to them", () => {
    const config = machine(
      "-kernel k -drive id=a,file=disk:x -drive id=b,file=disk:y -drive id=c,file=disk:z -drive id=d,file=d.img",
    );
    const keptDisks = new Map([
      ["x", { name: "My disk", url: null, sha256: null }],
      ["y", { name: "Debian", url: "https://h.example/debian.img", sha256: HASH }],
    ]);
    const { url, missing } = write(config, { keptDisks, writtenDrives: ["d"] });
    expect(missing.map(({ what }) => what)).toEqual([
      "the disk a (My disk)",
      "the disk b (Debian)",
      "the disk c (disk:z)",
      "the disk d (d.img)",
    ]);
    expect(parseLink(url ?? "", null).config.drives).toMatchObject([
      { id: "b", file: "https://h.example/debian.img", sha256: HASH },
      { id: "d", file: "d.img" },
    ]);
  });

  it.each([
    ["-kernel k -drive file=https://me:pw@h/x", "pw"],
    ["-kernel k -drive file=https://h/x?access_token=s3cret", "s3cret"],
    ["-kernel k -drive file=https://h/x?X-Amz-Signature=s3cret", "s3cret"],
    ["-kernel k -drive file=https://h/x#authKey=s3cret", "s3cret"],
    ["-kernel k -append 'url=https://me:s3cret@h/x'", "s3cret"],
    ["-kernel k -armlet 'type=curl https://me:s3cret@h/x\\n'", "s3cret"],
    ["-kernel k -drive file=x,if=none,id=a -device virtio-blk-device,drive=a,serial=ftp://a:s3cret@h", "s3cret"],
  ])("a secret in %s", (args, secret) => {
    const { url, missing } = write(machine(args));
    expect(url).not.toContain(secret);
    expect(missing).toEqual([
      { what: expect.any(String) as string, why: expect.stringMatching(/[Ss]ecret|password/) as string },
    ]);
    expect(missing[0]?.what).not.toContain(secret);
    parseLink(url ?? "", null);
  });

  it("a secret in the page's own address", () => {
    const { url, missing } = write(full, { page: "https://me:pw@armlet.example/#authKey=x", profile: "full" });
    expect(url).toBe("https://armlet.example/?profile=full&v=1");
    expect(missing).toHaveLength(1);
  });

  it("what only this computer reaches", () => {
    const config = machine("-kernel http://localhost:8000/Image");
    expect(write(config).missing).toMatchObject([{ why: expect.stringMatching(/this computer itself/) as string }]);
    expect(formatLink({ page: "http://localhost:5173/", config, profile: null, profiles: null }).missing).toEqual([]);
  });

  it("more than an address can have", () => {
    const { url, missing } = write({ ...DEFAULT_CONFIG, append: "ä".repeat(MAX_LINK_CHARS / 4) });
    expect(url).toBeNull();
    expect(missing).toMatchObject([{ what: "the link" }]);
    const typed = write({ ...full, typed: ["x".repeat(5000)] }, { profile: "full" });
    expect(typed).toMatchObject({
      url: "https://armlet.example/sub/?profile=full&v=1",
      missing: [{ what: "what is typed" }],
    });
  });
});
