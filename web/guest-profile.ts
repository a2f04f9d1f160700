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

/** What the page uses of guest/manifest.json (guest/manifest.mjs writes it). */
interface Manifest {
  readonly default: string;
  readonly guests: Readonly<Record<string, { readonly args: string; readonly files: readonly PackedFile[] }>>;
}

interface PackedFile {
  readonly file: string;
  readonly packed: string;
}

/**
 * The machine of this page: `?args=` (a command line), `?guest=` (a name in the manifest), or the manifest's default.
 * Throws NoGuestError.
 */
export async function pageProfile(query: URLSearchParams): Promise<GuestProfile> {
  const args = query.get("args");
  if (args !== null) return { args, packed: {} };
  const url = new URL(MANIFEST, document.baseURI).href;
  const manifest = await loadManifest(url);
  const name = query.get("guest") ?? manifest.default;
  const guest = Object.hasOwn(manifest.guests, name) ? manifest.guests[name] : undefined;
  if (guest === undefined) {
    const known = Object.keys(manifest.guests).join(", ");
    throw new NoGuestError(`There is no guest “${name}” beside this page.`, `There are: ${known}.`, url);
  }
  // From this computer's own server the way costs nothing, but unpacking does.
  if (LOCAL_HOSTS.includes(location.hostname)) return { args: guest.args, packed: {} };
  const packed = guest.files.map((file) => [FOLDER + file.file, FOLDER + file.packed] as const);
  return { args: guest.args, packed: Object.fromEntries(packed) };
}

async function loadManifest(url: string): Promise<Manifest> {
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

/** Throws a TypeError where the manifest is not what it should be. */
function parseManifest(value: unknown): Manifest {
  const { default: name, guests } = record(value);
  const parsed = Object.entries(record(guests)).map(([guestName, guest]) => {
    const { args, kernel, initrd } = record(guest);
    return [guestName, { args: text(args), files: [parseFile(kernel), parseFile(initrd)] }] as const;
  });
  return { default: text(name), guests: Object.fromEntries(parsed) };
}

function parseFile(value: unknown): PackedFile {
  const { file, gzip } = record(value);
  return { file: text(file), packed: text(record(gzip).file) };
}

function record(value: unknown): Record<string, unknown> {
  if (typeof value !== "object" || value === null) throw new TypeError("not an object");
  return value as Record<string, unknown>;
}

function text(value: unknown): string {
  if (typeof value !== "string") throw new TypeError("not a string");
  return value;
}
