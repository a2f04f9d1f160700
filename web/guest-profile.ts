/** Where the guests beside the page are described, relative to it. */
const FOLDER = "guest/";
const MANIFEST = `${FOLDER}manifest.json`;

const LOCAL_HOSTS: readonly string[] = ["localhost", "127.0.0.1", "[::1]"];

/** A machine as the address or the manifest has it. */
export interface GuestProfile {
  readonly args: string;
  /** Files that are also there compressed: by name in `args`, the packed file's. */
  readonly packed: Readonly<Record<string, string>>;
  /** Contents that take the place of what a name in `args` would otherwise be loaded from. */
  readonly files?: Readonly<Record<string, Blob>>;
}

/** A machine that an address names. */
export interface NamedProfile extends GuestProfile {
  /** Its name in the manifest; null where the address has a command line. */
  readonly name: string | null;
  /** For people. */
  readonly title: string;
}

/** Why there is no guest to start: a sentence, and what to do. */
export class NoGuestError extends Error {
  readonly advice: string;
  readonly url: string;

  constructor(message: string, advice: string, url: string) {
    super(message);
    this.name = "NoGuestError";
    this.advice = advice;
    this.url = url;
  }
}

/** One of the machines beside the page, as the list shows it. */
export interface GuestRecord {
  readonly name: string;
  readonly title: string;
  /** A sentence or two; may be empty. */
  readonly description: string;
  readonly args: string;
  /** What is loaded before it runs, as the server has it for this page. */
  readonly downloadBytes: number;
  /** It has a disk of which only what is read is loaded. */
  readonly hasDisk: boolean;
  readonly files: readonly PackedFile[];
}

/** What the page uses of guest/manifest.json (guest/manifest.mjs writes it). */
export interface Manifest {
  /** Name of the guest that boots if nothing else is asked for. */
  readonly default: string;
  readonly guests: readonly GuestRecord[];
}

interface PackedFile {
  readonly file: string;
  readonly packed: string;
}

/** One of the machines as it is; null where there is none of that name. */
export function profileOf(manifest: Manifest, name: string): NamedProfile | null {
  const guest = manifest.guests.find((record) => record.name === name);
  return guest === undefined ? null : { name, title: guest.title, args: guest.args, packed: packedFiles(manifest) };
}

/** Files of the machines that are better loaded compressed: by name in a command line, the packed file's. */
export function packedFiles({ guests }: Manifest): Readonly<Record<string, string>> {
  if (isLocal()) return {};
  const files = guests.flatMap((guest) => guest.files);
  return Object.fromEntries(files.map((file) => [FOLDER + file.file, FOLDER + file.packed]));
}

/** The machines beside the page. Throws NoGuestError. */
export async function loadManifest(): Promise<Manifest> {
  const url = manifestUrl();
  const advice =
    "“npm start” assembles the default guest. On a host of your own, put the folder guest beside this page, or name a machine in the address: ?args=-M virt -kernel …";
  let response: Response;
  try {
    // Asked anew each time: it says which files belong together.
    response = await fetch(url, { cache: "no-cache" });
  } catch {
    throw new NoGuestError("The server does not answer.", "Check the connection, then try again.", url);
  }
  if (!response.ok || /text\/html/i.test(response.headers.get("Content-Type") ?? "")) {
    throw new NoGuestError("The default guest is not beside this page.", advice, url);
  }
  try {
    return parseManifest(await response.json());
  } catch {
    // Not JSON, or none of ours: for the user the same.
    throw new NoGuestError("The description of the default guest is damaged.", advice, url);
  }
}

const manifestUrl = (): string => new URL(MANIFEST, document.baseURI).href;

/** From this computer's own server the way costs nothing, but unpacking does. */
const isLocal = (): boolean => LOCAL_HOSTS.includes(location.hostname);

/** Throws a TypeError where the manifest is not what it should be. */
function parseManifest(value: unknown): Manifest {
  const { default: name, guests } = record(value);
  return { default: text(name), guests: Object.entries(record(guests)).map(([key, guest]) => parseGuest(key, guest)) };
}

function parseGuest(name: string, value: unknown): GuestRecord {
  const { title, description, args, kernel, initrd, disk } = record(value);
  const files = (initrd === null ? [kernel] : [kernel, initrd]).map(record);
  const sizes = files.map((file) => count((isLocal() ? file : record(file.gzip)).sizeBytes));
  return {
    name,
    title: typeof title === "string" ? title : name,
    description: typeof description === "string" ? description : "",
    args: text(args),
    downloadBytes: sizes.reduce((sum, size) => sum + size, 0),
    hasDisk: disk !== undefined,
    files: files.map((file) => ({ file: text(file.file), packed: text(record(file.gzip).file) })),
  };
}

function record(value: unknown): Record<string, unknown> {
  if (typeof value !== "object" || value === null) throw new TypeError("not an object");
  return value as Record<string, unknown>;
}

function text(value: unknown): string {
  if (typeof value !== "string") throw new TypeError("not a string");
  return value;
}

function count(value: unknown): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) throw new TypeError("not a size");
  return value;
}
