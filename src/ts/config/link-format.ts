/** A machine written as a link: the shortest that comes to the same machine, and what it cannot carry. */
import { parseCommandLine } from "./command-line.ts";
import { ConfigError } from "./config-error.ts";
import { formatArgs, formatCommandLine } from "./format.ts";
import { type LinkProfiles, MAX_TYPED_CHARS, parseLink, typedLength } from "./link.ts";
import { LinkError } from "./link-error.ts";
import { checkLinkFile, type MachineFile, machineFiles, secretParameter, withoutCredentials } from "./link-file.ts";
import { LINK_VERSION, MACHINE_KEYS } from "./link-keys.ts";
import { formatQuery, type QueryPair, shown } from "./link-query.ts";
import { MAX_LINK_CHARS } from "./link-values.ts";
import { type MachineConfig, treeSource } from "./machine-config.ts";
import { joinWords } from "./shell-words.ts";
import { formatTyped } from "./typed-text.ts";

/** A disk that the browser keeps, as far as a link can replace it. */
export interface LinkKeptDisk {
  /** For people. */
  readonly name: string;
  /** The absolute address of the image that it lies on top of; null where there is none. */
  readonly url: string | null;
  readonly sha256: string | null;
}

/** What a link is to be made of. */
export interface LinkSubject {
  /** The address of the page that will open the link; its query and fragment are replaced. */
  readonly page: string | URL;
  /** The machine, with what is to be typed. */
  readonly config: MachineConfig;
  /** The profile that it stems from (MachineLink.profile), and all profiles. */
  readonly profile: string | null;
  readonly profiles: LinkProfiles | null;
  /** Size of the console, where the link is to say it. */
  readonly columns?: number | null;
  readonly rows?: number | null;
  /** Names of files that were given by the user (VirtualMachineOptions.files). */
  readonly localFiles?: readonly string[];
  /** Disks of this browser by their ids (`disk:ID`). */
  readonly keptDisks?: ReadonlyMap<string, LinkKeptDisk>;
  /** Ids of drives whose written data this browser keeps. */
  readonly writtenDrives?: readonly string[];
}

/** Something that a link leaves out. */
export interface MissingPart {
  /** What it is, for people: "the kernel (Image)", "the disk hd0 (debian.img)". */
  readonly what: string;
  /** A sentence. */
  readonly why: string;
}

export interface FormattedLink {
  /** null where there is none: `missing` says why. */
  readonly url: string | null;
  readonly missing: readonly MissingPart[];
}

/** Writes a link. Never throws for any machine: what a link cannot carry is left out and told. */
export function formatLink(subject: LinkSubject): FormattedLink {
  const missing: MissingPart[] = [];
  const page = new URL(subject.page);
  page.hash = "";
  if (page.username !== "" || page.password !== "") {
    page.username = "";
    page.password = "";
    missing.push({ what: "the name and the password in the page's address", why: SECRET });
  }
  const base = profileConfig(subject);
  const config = portable(subject, page, base, missing);
  page.search = query(subject, config, base);
  if (page.href.length > MAX_LINK_CHARS) {
    const why = `It would be ${page.href.length} characters long, where ${MAX_LINK_CHARS} are the most.`;
    return { url: null, missing: [...missing, { what: "the link", why }] };
  }
  return { url: page.href, missing };
}

const SECRET = "Secrets never go into a link.";

function profileConfig({ profile, profiles }: LinkSubject): MachineConfig | null {
  if (profile === null || profiles === null || !Object.hasOwn(profiles.profiles, profile)) return null;
  return parseCommandLine(profiles.profiles[profile]?.args ?? "");
}

/** The machine as somebody else can have it. */
function portable(subject: LinkSubject, page: URL, base: MachineConfig | null, missing: MissingPart[]): MachineConfig {
  let config = withoutSecrets(subject.config, missing);
  for (const part of machineFiles(config)) {
    const { of, what, file } = part;
    const name = `${partName(part)} (${shown(shortName(subject, file))})`;
    const found = linkable(subject, page, file);
    if (found.why !== null) missing.push({ what: name, why: found.why });
    if (of === "boot") {
      if (found.file === file) continue;
      const other = found.file ?? base?.[what] ?? null;
      const sha256 = found.file === null ? (base?.[`${what}Sha256`] ?? null) : config[`${what}Sha256`];
      config = { ...config, [what]: other, [`${what}Sha256`]: other === null ? null : sha256 };
    } else if (of === "fsdev") {
      config = withTreeList(config, what, found.file);
    } else {
      if (found.why === null && subject.writtenDrives?.includes(what) === true) {
        missing.push({ what: name, why: "What was written to it stays in this browser: the link has it as it was." });
      }
      config = withDriveFile(config, what, found);
    }
  }
  for (const { id, path } of config.fsdevs) {
    const { kind } = treeSource(path);
    if (kind === "memory" || kind === "path") continue;
    missing.push({ what: `the shared folder ${id} (${shown(path)})`, why: "It is on this computer only." });
    config = withTreeList(config, id, null);
  }
  return config;
}

function partName(part: MachineFile): string {
  if (part.of === "boot") return `the ${BOOT_NAMES[part.what]}`;
  return part.of === "drive" ? `the disk ${part.what}` : `the shared folder ${part.what}`;
}

/** The machine with another list of files behind a tree, or without the tree. */
function withTreeList(config: MachineConfig, id: string, path: string | null): MachineConfig {
  if (path !== null) {
    return { ...config, fsdevs: config.fsdevs.map((fsdev) => (fsdev.id === id ? { ...fsdev, path } : fsdev)) };
  }
  return {
    ...config,
    fsdevs: config.fsdevs.filter((fsdev) => fsdev.id !== id),
    devices: config.devices.filter(({ properties }) => properties.fsdev !== id),
  };
}

const BOOT_NAMES = { kernel: "kernel", initrd: "initial file system", dtb: "device tree" } as const;

function shortName({ keptDisks }: LinkSubject, file: string): string {
  const checked = checkLinkFile(file, new URL("https://page.invalid/"));
  if (checked.kind === "kept-disk") return keptDisks?.get(checked.id)?.name ?? file;
  // Not the query: that may be what must not be shown.
  const path = file.split(/[?#]/, 1)[0] ?? "";
  return path.split("/").findLast((part) => part !== "") ?? path;
}

/** What stands for a file in a link, null for nothing; `why` where that is not the same. */
interface Linkable {
  readonly file: string | null;
  readonly why: string | null;
  /** Where the file is another one: its hash. */
  readonly sha256?: string | null;
}

function linkable({ localFiles, keptDisks }: LinkSubject, page: URL, file: string): Linkable {
  if (localFiles?.includes(file) === true) {
    return { file: null, why: "It is a file of this computer. Put it on a server, or send it along with the link." };
  }
  const checked = checkLinkFile(file, page);
  if (checked.kind === "kept-disk") {
    const disk = keptDisks?.get(checked.id);
    if (disk === undefined || disk.url === null) {
      return { file: null, why: "It is kept in this browser only. Export it, and send the file along with the link." };
    }
    const below = linkable({ ...NO_FILES }, page, disk.url);
    const why = below.why ?? "What was written to it stays in this browser: the link has the image that it began with.";
    return { file: below.file, why, sha256: disk.sha256 };
  }
  if (checked.kind === "refused") return { file: null, why: `It cannot be a part of a link: ${checked.why}.` };
  const secret = secretParameter(file, page);
  if (secret !== null) {
    return { file: null, why: `Its address has a key in it (${shown(secret)}=…). ${SECRET}` };
  }
  const hash = file.indexOf("#");
  if (hash >= 0) return { file: file.slice(0, hash), why: `What follows # in its address was left out. ${SECRET}` };
  return { file, why: isLocal(new URL(file, page)) && !isLocal(page) ? LOCAL : null };
}

const LOCAL = "It is loaded from this computer itself: elsewhere its address means another one.";

const isLocal = ({ hostname }: URL): boolean => /^(?:localhost|.*\.localhost|127\..*|\[::1\])$/.test(hostname);

const NO_FILES = { page: "", config: parseCommandLine(""), profile: null, profiles: null } satisfies LinkSubject;

function withDriveFile(config: MachineConfig, id: string, { file, sha256 }: Linkable): MachineConfig {
  if (file === null) {
    return {
      ...config,
      drives: config.drives.filter((drive) => drive.id !== id),
      devices: config.devices.filter(({ properties }) => properties.drive !== id),
    };
  }
  const replace = sha256 === undefined ? { file } : { file, sha256 };
  return { ...config, drives: config.drives.map((drive) => (drive.id === id ? { ...drive, ...replace } : drive)) };
}

/** Takes names and passwords out of texts. A file whose address has them is left out as a whole, later. */
function withoutSecrets(config: MachineConfig, missing: MissingPart[]): MachineConfig {
  const clean = (what: string, text: string): string => {
    const without = withoutCredentials(text);
    if (without !== text) missing.push({ what: `a name or password in ${what}`, why: SECRET });
    return without;
  };
  const typed = config.typed.map((text) => clean("what is typed", text));
  const tooMuch = typedLength(typed) > MAX_TYPED_CHARS;
  if (tooMuch) missing.push({ what: "what is typed", why: `It is longer than ${MAX_TYPED_CHARS} characters.` });
  return {
    ...config,
    append: config.append === null ? null : clean("the kernel's command line", config.append),
    title: config.title === null ? null : clean("the title", config.title),
    typed: tooMuch ? [] : typed,
    devices: config.devices.map(({ name, properties }) => ({
      name,
      properties: Object.fromEntries(
        Object.entries(properties).map(([key, value]) => [key, clean(`${key} of ${name}`, value)]),
      ),
    })),
  };
}

/** The shorter of the two ways to write a machine that come to the same. */
function query(subject: LinkSubject, config: MachineConfig, base: MachineConfig | null): string {
  const end: QueryPair[] = [];
  const { columns = null, rows = null } = subject;
  if (columns !== null) end.push(["cols", String(columns)]);
  if (rows !== null) end.push(["rows", String(rows)]);
  // Texts that the profile types itself need no key, and no confirmation.
  const own = base !== null && JSON.stringify(base.typed) === JSON.stringify(config.typed);
  const typed = config.typed.map((text): QueryPair => ["type", formatTyped(text)]);
  // Nothing typed where the profile types something: one empty text.
  const typing: QueryPair[] = typed.length > 0 ? typed : [["type", ""]];
  // The version ends the link: a letter or digit there is never taken for the end of a sentence.
  const version: QueryPair = ["v", String(LINK_VERSION)];
  const args = formatQuery([["args", pinnedCommandLine(config)], ...end, ...typed, version]);
  if (base === null || subject.profile === null) return args;
  const differences = MACHINE_KEYS.flatMap(({ key, show }): QueryPair[] => {
    const [value, before] = [show(config), show(base)];
    return value === before ? [] : [[key, value ?? ""]];
  });
  const refined = formatQuery([["profile", subject.profile], ...differences, ...end, ...(own ? [] : typing), version]);
  return refined.length <= args.length && comesTo(refined, { ...config, typed: [] }, subject.profiles) ? refined : args;
}

/** The command line with the machine's version, which a later default must not change. */
function pinnedCommandLine(config: MachineConfig): string {
  const version = `armlet=${config.armletVersion}`;
  const words = formatArgs({ ...config, typed: [] });
  return joinWords(
    words.map((word, at) => (words[at - 1] === "-M" && !word.includes("armlet=") ? `${word},${version}` : word)),
  );
}

/** Keys cannot say everything, such as another order of devices: reading the link tells. */
function comesTo(search: string, config: MachineConfig, profiles: LinkProfiles | null): boolean {
  try {
    const link = parseLink(`https://page.invalid/${search}`, profiles, { trusted: true });
    return formatCommandLine(link.config) === formatCommandLine(config);
  } catch (error) {
    if (error instanceof LinkError || error instanceof ConfigError) return false;
    throw error;
  }
}
