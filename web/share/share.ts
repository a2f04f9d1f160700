import type { DiskLibrary } from "../../src/ts/api/index.ts";
import type { GuestProfile } from "../guest-profile.ts";
import { ShareDialog, type ShareDialogHost } from "./share-dialog.ts";
import { sharedMachine } from "./shared-machine.ts";

export interface ShareHost extends ShareDialogHost {
  /** The disks of this browser; asked for only where the machine can have some. */
  disks(): Pick<DiskLibrary, "list">;
}

/** Shows the machine as a link. `name` is the profile that it stems from, or null. */
export async function shareMachine(profile: GuestProfile, name: string | null, host: ShareHost): Promise<void> {
  document.body.append(new ShareDialog(await sharedMachine(profile, name, host), host));
}
