/** A link is a machine: the page's address read as one. docs/command-line.md describes the keys. */
import { parseCommandLine } from "./command-line.ts";
import { ConfigError } from "./config-error.ts";
import { formatCommandLine } from "./format.ts";
import { LinkArgsError, LinkError } from "./link-error.ts";
import { checkLinkFile, machineFiles } from "./link-file.ts";
import { MACHINE_KEYS } from "./link-keys.ts";
import { shown } from "./link-query.ts";
import { consoleSize, knownPairs, type LinkValues, pageAddress, readKeys, Warnings } from "./link-values.ts";
import { bootsAlike, withoutKept } from "./link-kept.ts";
import type { MachineConfig } from "./machine-config.ts";
import { parseTyped } from "./typed-text.ts";

/** More typed characters than a person reads before agreeing. */
export const MAX_TYPED_CHARS = 4096;

/** A machine that a link can name. */
export interface LinkProfile {
  /** Its command line. */
  readonly args: string;
  readonly title?: string;
}

/** The machines that a link can name. */
export interface LinkProfiles {
  /** Name of the one that an empty link stands for. */
  readonly default: string;
  readonly profiles: Readonly<Record<string, LinkProfile>>;
}

export interface ParseLinkOptions {
  /** Keys that the page uses for something else. */
  readonly pageKeys?: readonly string[];
  /**
   * The address was made by this page for itself, not by a stranger: what it types needs no confirmation, and it may have what
   * this browser keeps.
   */
  readonly trusted?: boolean;
  /** The user agreed that this link's machine gets what this browser keeps. */
  readonly disks?: boolean;
  /** Absolute addresses of images over which this browser keeps what a guest wrote (see writableImages). */
  readonly writtenImages?: ReadonlySet<string>;
}

/** What is typed for the user. */
export interface TypedCommands {
  /** The first is typed at the first prompt, each further one at the next. formatTyped makes them fit to be shown. */
  readonly texts: readonly string[];
  /** A stranger's words: they are typed only after the user saw them and agreed. */
  readonly needsConfirmation: boolean;
}

/** A link that was read. */
export interface MachineLink {
  /** The machine as a canonical command line, without what is typed. */
  readonly args: string;
  /** The same as data; `typed` is empty. */
  readonly config: MachineConfig;
  /** The profile that it stems from; null for a machine of its own. */
  readonly profile: string | null;
  /** Name for people; null where nobody gave one. */
  readonly title: string | null;
  /** Size of the console; null where the link does not say. */
  readonly columns: number | null;
  readonly rows: number | null;
  readonly typed: TypedCommands;
  /** Sentences for the user about what of the link was not followed. */
  readonly warnings: readonly string[];
  /**
   * What this browser keeps and the link did not get, since it may be a stranger's: ids of disks (`disk:ID`), addresses of images
   * whose changes it keeps.
   */
  readonly keptDisks: readonly string[];
  /** Other origins that files of the link come from, such as "https://example.org"; those of the profile are not listed. */
  readonly origins: readonly string[];
  /** `default`: the address says nothing about the machine. */
  readonly source: "default" | "link";
}

/** Whether reading the link takes the profiles: not where it describes the whole machine. */
export function linkNeedsProfiles(url: string | URL): boolean {
  const keys = new Map(knownPairs(new URL(url)));
  return !keys.has("args") && (keys.has("profile") || (keys.get("kernel") ?? "") === "");
}

/**
 * Reads a link. `profiles` may be null where linkNeedsProfiles says so. What cannot be followed but does no harm becomes a warning.
 *
 * Throws LinkError for a link that cannot be opened, and LinkArgsError (a ConfigError) where its command line is wrong.
 */
export function parseLink(
  url: string | URL,
  profiles: LinkProfiles | null,
  options: ParseLinkOptions = {},
): MachineLink {
  const page = pageAddress(url);
  const warnings = new Warnings();
  const keys = readKeys(page, options.pageKeys ?? [], warnings);
  const { base, profile } = baseOf(keys, profiles, warnings);
  const trusted = options.trusted === true;
  const asked = refine(base, keys);
  const own = profile !== null && bootsAlike(base, asked);
  const { config, keptDisks } =
    trusted || options.disks === true
      ? { config: asked, keptDisks: [] }
      : withoutKept(asked, (url) => !own && options.writtenImages?.has(url) === true, page, warnings);
  const origins = checkFiles(config, base, profile !== null, page);
  const typed = typedOf(keys, config, profile !== null, trusted);
  const machine = { ...config, typed: [] };
  const title = config.title ?? (profile === null ? undefined : profiles?.profiles[profile]?.title) ?? "";
  return {
    args: formatCommandLine(machine),
    config: machine,
    profile,
    title: title === "" ? null : shown(title),
    columns: consoleSize("cols", keys, warnings),
    rows: consoleSize("rows", keys, warnings),
    typed,
    warnings: warnings.texts(),
    keptDisks,
    origins,
    source: keys.size === 0 ? "default" : "link",
  };
}

interface Base {
  readonly base: MachineConfig;
  readonly profile: string | null;
}

/** What the keys refine: the command line, the profile, or, where a kernel is given alone, a machine with nothing in it. */
function baseOf(keys: LinkValues, profiles: LinkProfiles | null, warnings: Warnings): Base {
  const args = keys.get("args")?.[0];
  const named = keys.get("profile")?.[0];
  if (args !== undefined) {
    if (named !== undefined)
      warnings.add("The link has a command line (args) and a profile: the command line is used.");
    return { base: parseArgs(args), profile: null };
  }
  if (named === undefined && (keys.get("kernel")?.[0] ?? "") !== "") {
    return { base: parseCommandLine(""), profile: null };
  }
  if (profiles === null) throw new Error("this link needs the profiles");
  const name = named ?? profiles.default;
  const profile = Object.hasOwn(profiles.profiles, name) ? profiles.profiles[name] : undefined;
  if (profile === undefined) {
    throw new LinkError(
      `There is no machine “${shown(name)}” beside this page.`,
      `There are: ${Object.keys(profiles.profiles).join(", ")}.`,
    );
  }
  return { base: parseCommandLine(profile.args), profile: name };
}

function parseArgs(args: string): MachineConfig {
  try {
    return parseCommandLine(args);
  } catch (error) {
    throw error instanceof ConfigError ? new LinkArgsError(args, error) : error;
  }
}

function refine(base: MachineConfig, keys: LinkValues): MachineConfig {
  let config = base;
  for (const { key, take } of MACHINE_KEYS) {
    const value = keys.get(key)?.[0];
    if (value === undefined) continue;
    try {
      config = take(config, value);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      throw new LinkError(`The link says “${key}=${shown(value)}”. ${error.message}`, CHECK_LINK, { cause: error });
    }
  }
  return config;
}

const CHECK_LINK = "Check the link, or ask whoever made it for another.";

/** The origins of what the link brought along. Throws LinkError for a file that it must not name. */
function checkFiles(config: MachineConfig, base: MachineConfig, isProfile: boolean, page: URL): string[] {
  const own = isProfile ? machineFiles(base).map(({ file }) => file) : [];
  const origins = new Set<string>();
  for (const { what, file } of machineFiles(config)) {
    if (own.includes(file)) continue;
    const checked = checkLinkFile(file, page);
    if (checked.kind === "refused") {
      throw new LinkError(`The link cannot be opened: ${what} is “${shown(file)}”, but ${checked.why}.`, CHECK_LINK);
    }
    if (checked.kind === "loadable" && checked.origin !== page.origin) origins.add(checked.origin);
  }
  return [...origins].sort();
}

/** Keys win over the command line. What a profile types is the page's own. */
function typedOf(keys: LinkValues, config: MachineConfig, isProfile: boolean, trusted: boolean): TypedCommands {
  const given = keys.get("type");
  if (given === undefined) {
    return checkedTyped({ texts: config.typed, needsConfirmation: config.typed.length > 0 && !isProfile && !trusted });
  }
  try {
    const texts = given.map((text) => parseTyped("The link's", text)).filter((text) => text !== "");
    return checkedTyped({ texts, needsConfirmation: texts.length > 0 && !trusted });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new LinkError(error.message, CHECK_LINK, { cause: error });
  }
}

export const typedLength = (texts: readonly string[]): number => texts.reduce((sum, text) => sum + text.length, 0);

function checkedTyped(typed: TypedCommands): TypedCommands {
  const length = typedLength(typed.texts);
  if (!typed.needsConfirmation || length <= MAX_TYPED_CHARS) return typed;
  throw new LinkError(
    `The link wants to type ${length} characters, where ${MAX_TYPED_CHARS} are the most.`,
    "Nobody reads so much before agreeing. Put it into a script on a disk.",
  );
}
