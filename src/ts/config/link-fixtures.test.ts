/** Links that were made once must open for ever. A file is never changed, only added: with its date, and by hand. */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type LinkProfiles, parseLink } from "./link.ts";

interface Fixture {
  readonly what: string;
  readonly url: string;
  /** What of the MachineLink must be so. */
  readonly link: object;
  /** What of its machine must be so. */
  readonly machine: object;
}

/** Machines that the links refine. */
const PROFILES: LinkProfiles = {
  default: "full",
  profiles: {
    full: {
      title: "The default guest",
      args: '-M virt -cpu cortex-a57 -m 256 -kernel guest/full/Image -initrd guest/full/initramfs.cpio -append "console=ttyAMA0 quiet" -device virtio-rng-device',
    },
    debian: {
      title: "Debian 12",
      args: '-M virt -cpu cortex-a57 -m 512 -kernel guest/full/Image -append "console=ttyAMA0 root=/dev/vda rw" -drive if=none,id=disk0,file=debian.img -device virtio-blk-device,drive=disk0,serial=root',
    },
  },
};

const folder = new URL("testing/links/", import.meta.url);

describe.each(readdirSync(folder))("links of %s", (file) => {
  const fixtures = JSON.parse(readFileSync(new URL(file, folder), "utf8")) as Fixture[];

  it.each(fixtures.map((fixture) => [fixture.what, fixture] as const))("%s", (_, { url, link, machine }) => {
    const parsed = parseLink(url, PROFILES);
    expect(parsed).toMatchObject(link);
    expect(parsed.config).toMatchObject(machine);
    expect(parsed.warnings).toEqual([]);
  });
});
