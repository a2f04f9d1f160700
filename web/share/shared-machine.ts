import { type DiskInfo, FailureError } from "../../src/ts/api/index.ts";
import { parseCommandLine } from "../../src/ts/config/command-line.ts";
import { ConfigError } from "../../src/ts/config/config-error.ts";
import {
  type FormattedLink,
  formatLink,
  type LinkKeptDisk,
  type LinkSubject,
} from "../../src/ts/config/link-format.ts";
import { type DriveConfig, keptDiskId, type MachineConfig } from "../../src/ts/config/machine-config.ts";
import { type GuestProfile, loadManifest, NoGuestError } from "../guest-profile.ts";
import { linkProfiles } from "../open-link.ts";
import type { ConsoleSize } from "../terminal-view.ts";
import type { ShareHost } from "./share.ts";

/** What somebody may want a link to say beside the machine. */
export interface LinkChoices {
  readonly size: ConsoleSize | null;
  /** Each is typed at a prompt of its own. */
  readonly typed: readonly string[];
}

/** A machine that is to be shared. */
export interface Shared {
  link(choices: LinkChoices): FormattedLink;
  /** Files of this computer that the machine has, by their names in the command line. */
  readonly files: Readonly<Record<string, Blob>>;
  /** Whether disks of this browser belong to the machine, or hold what it wrote. */
  readonly hasDisks: boolean;
}

/** Gathers what a link to a machine takes. `name` is the profile that it stems from, or null. */
export async function sharedMachine(
  profile: GuestProfile,
  name: string | null,
  host: Pick<ShareHost, "disks">,
): Promise<Shared> {
  let config: MachineConfig;
  try {
    config = parseCommandLine(profile.args);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const missing = [{ what: "the machine", why: error.message }];
    return { link: () => ({ url: null, missing }), files: {}, hasDisks: false };
  }
  const [disks, profiles] = await Promise.all([keptDisks(config, host), profilesOrNull()]);
  const files = Object.entries(profile.files ?? {}).filter(([file]) => keptDiskId(file) === null);
  const written = config.drives.filter((drive) => isWritten(drive, disks)).map(({ id }) => id);
  const subject: LinkSubject = {
    page: location.href,
    config,
    // A machine that was put together here may be little else than the default one.
    profile: profiles === null ? null : (name ?? profiles.default),
    profiles,
    localFiles: files.map(([file]) => file),
    keptDisks: new Map(disks.map((disk) => [disk.id, linkDisk(disk)])),
    writtenDrives: written,
  };
  return {
    link: ({ size, typed }) => formatLink({ ...subject, ...(size ?? {}), config: { ...config, typed } }),
    files: Object.fromEntries(files),
    hasDisks: written.length > 0 || config.drives.some(({ file }) => keptDiskId(file) !== null),
  };
}

async function profilesOrNull(): Promise<LinkSubject["profiles"]> {
  try {
    return linkProfiles(await loadManifest());
  } catch (error) {
    // Without the list of machines the link has the whole command line.
    if (error instanceof NoGuestError) return null;
    throw error;
  }
}

/** Disks of this browser; not even looked for where the machine can have none of them. */
async function keptDisks(config: MachineConfig, host: Pick<ShareHost, "disks">): Promise<readonly DiskInfo[]> {
  if (config.drives.every(({ snapshot, readOnly }) => snapshot || readOnly)) return [];
  try {
    return await host.disks().list();
  } catch (error) {
    // A browser that keeps nothing keeps no disks either; everything else about the link holds.
    if (error instanceof FailureError) return [];
    throw error;
  }
}

/** Whether this browser keeps what was written to a drive that is loaded from an address. */
function isWritten({ file, snapshot, readOnly }: DriveConfig, disks: readonly DiskInfo[]): boolean {
  if (snapshot || readOnly || !URL.canParse(file, document.baseURI)) return false;
  const { href } = new URL(file, document.baseURI);
  return disks.some(({ base, usedBytes }) => usedBytes > 0 && base.kind === "url" && base.url === href);
}

function linkDisk({ name, base }: DiskInfo): LinkKeptDisk {
  return base.kind === "url" ? { name, url: base.url, sha256: base.sha256 } : { name, url: null, sha256: null };
}
