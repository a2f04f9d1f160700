import type { LinkProfiles, MachineLink, ParseLinkOptions } from "../src/ts/config/link.ts";
import { loadManifest, type Manifest, type NamedProfile, packedFiles, profileOf } from "./guest-profile.ts";
import { machineKeys, PAGE_KEYS } from "./machine-address.ts";
import { machineTitle } from "./machine-title.ts";

/** A machine as its address has it, ready to be made. */
export interface OpenedLink extends NamedProfile {
  /** null where the address says nothing about the machine: there is nothing to warn about then. */
  readonly link: MachineLink | null;
}

/** The address cannot be opened: a sentence, and what to do. */
export class UnusableLinkError extends Error {
  readonly advice: string;

  constructor(message: string, advice: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "UnusableLinkError";
    this.advice = advice;
  }
}

/** Keys by which one of the machines is asked for as it is. */
const PLAIN_KEYS: readonly string[] = ["profile", "guest", "v"];

export interface OpenLinkOptions extends Pick<ParseLinkOptions, "trusted" | "disks"> {
  /** Looks which images have changes in this browser (writtenImages); without it a link may write to all of them. */
  readonly written?: () => Promise<ReadonlySet<string>>;
  /** Where the machines beside the page come from; their server unless given. */
  readonly loadManifest?: () => Promise<Manifest>;
}

/**
 * The machine that an address names: a command line, one of the machines beside the page with changes, or the default
 * one. Throws NoGuestError and UnusableLinkError.
 */
export async function openLink(address: URL, options: OpenLinkOptions = {}): Promise<OpenedLink> {
  const keys = machineKeys(address.searchParams);
  const manifestOf = options.loadManifest ?? loadManifest;
  if (keys.length === 0) {
    const manifest = await manifestOf();
    const profile = profileOf(manifest, manifest.default);
    if (profile === null) throw new UnusableLinkError("The default machine is not in the list of machines.", "");
    return { ...profile, link: null };
  }
  const { linkNeedsProfiles, parseLink, writableImages, LinkArgsError, LinkError } = await import("./link-reader.ts");
  try {
    const manifest = linkNeedsProfiles(address) ? await manifestOf() : null;
    const profiles = manifest === null ? null : linkProfiles(manifest);
    const { trusted = false, disks = false, written } = options;
    const parseOptions = { trusted, disks, pageKeys: PAGE_KEYS };
    const asked = parseLink(address, profiles, parseOptions);
    const looks = written !== undefined && !trusted && !disks && writableImages(asked.config, address).length > 0;
    const link = looks ? parseLink(address, profiles, { ...parseOptions, writtenImages: await written() }) : asked;
    const plain = keys.every((key) => PLAIN_KEYS.includes(key)) && link.profile !== null && manifest !== null;
    const profile = plain ? profileOf(manifest, link.profile) : null;
    // Its command line says itself what is typed.
    if (profile !== null) return { ...profile, link: { ...link, typed: { texts: [], needsConfirmation: false } } };
    const packed = manifest === null ? {} : packedFiles(manifest);
    return { link, name: null, title: link.title ?? machineTitle(link.args), args: link.args, packed };
  } catch (error) {
    if (error instanceof LinkError) throw new UnusableLinkError(error.message, error.advice, { cause: error });
    if (!(error instanceof LinkArgsError)) throw error;
    const { args } = error;
    // The machine says what is wrong with its command line, beside everything that it offers.
    return { link: null, name: null, title: machineTitle(args), args, packed: {} };
  }
}

/** The machines beside the page, as a link names them. */
export function linkProfiles({ default: first, guests }: Manifest): LinkProfiles {
  return {
    default: first,
    profiles: Object.fromEntries(guests.map(({ name, args, title }) => [name, { args, title }])),
  };
}
