import { createDiskLibrary } from "../../src/ts/api/disk-library.ts";
import type { DiskInfo } from "../../src/ts/api/disk-types.ts";
import type { DisksPanel } from "../elements/disks-panel.ts";
import { DropOverlay } from "../elements/drop-overlay.ts";
import type { FilesSheet } from "../elements/files-sheet.ts";
import type { GuestProfile } from "../guest-profile.ts";
import { argsAddress } from "../machine-address.ts";
import type { MachineStore } from "../machine-store.ts";
import { Arrivals } from "./arrivals.ts";
import { DiskStore } from "./disk-store.ts";
import { DropZone, type Dropped } from "./drop-zone.ts";
import { HotPlug } from "./hot-plug.ts";
import type { NextMachine } from "./next-machine.ts";

/** What the page does for its disks. */
export interface DeskHost {
  /** The machine that is shown; null where none is. */
  machine(): MachineStore | null;
  /** The default machine of this page; null where there is none beside it. */
  standard(): Promise<GuestProfile | null>;
  /** Shows another machine and starts it; `address` is null where none can carry it. */
  open(profile: GuestProfile, address: string | null): Promise<void>;
}

/** Files and disks on this page: takes in what is dropped, and shows what there is. Its parts are loaded when used. */
export class DiskDesk {
  readonly #host: DeskHost;
  readonly #overlay = new DropOverlay();
  readonly #input = document.createElement("input");
  /** Disks for the machine that runs. */
  readonly hotPlug = new HotPlug(
    () => this.machine,
    () => this.disks.library.files,
  );
  #store: DiskStore | null = null;
  #arrivals: Arrivals | null = null;
  #standard: GuestProfile | null = null;
  #sheet: Promise<FilesSheet> | null = null;
  #panel: Promise<DisksPanel> | null = null;

  constructor(host: DeskHost) {
    this.#host = host;
    this.#input.type = "file";
    this.#input.multiple = true;
    this.#input.hidden = true;
    this.#input.addEventListener("change", () => void this.#onChosen());
    document.body.append(this.#overlay, this.#input);
    new DropZone({
      over: (files) => this.#overlay.show(files),
      left: () => this.#overlay.hide(),
      dropped: (dropped) => void this.take(dropped),
    });
  }

  /** The disks that this browser keeps; its worker begins with the first use. */
  get disks(): DiskStore {
    this.#store ??= new DiskStore(createDiskLibrary());
    return this.#store;
  }

  /** What is on its way into the next machine. */
  get arrivals(): Arrivals {
    this.#arrivals ??= new Arrivals(this.disks.library);
    return this.#arrivals;
  }

  get machine(): MachineStore | null {
    return this.#host.machine();
  }

  /** The default machine; null until the sheet was opened, and where there is none. */
  get standard(): GuestProfile | null {
    return this.#standard;
  }

  /** The default machine, looked for if need be. */
  standardProfile(): Promise<GuestProfile | null> {
    return this.#host.standard();
  }

  /** Takes in dropped or chosen files, and shows what they are. */
  async take(dropped: Dropped): Promise<void> {
    if (dropped.files.length + dropped.folders.length === 0) return;
    await Promise.all([this.#showSheet(), this.arrivals.add(dropped)]);
  }

  /** Puts a disk of the browser into the next machine. */
  async use(disk: DiskInfo): Promise<void> {
    await Promise.all([this.#showSheet(), this.arrivals.addDisk(disk)]);
  }

  /** Opens the browser's own way to choose files. */
  chooseFiles(): void {
    this.#input.click();
  }

  async showPanel(): Promise<void> {
    this.#panel ??= import("../elements/disks-panel.ts").then(({ DisksPanel: Panel }) => {
      const panel = new Panel(this);
      document.body.append(panel);
      return panel;
    });
    (await this.#panel).show();
  }

  /** Starts a machine in the place of the one that is open; returns whether the user wants that. */
  async start({ profile, addressable }: NextMachine): Promise<boolean> {
    const open = this.machine;
    if (open?.isOn === true) {
      const { leaveMachine } = await import("../elements/leave-dialog.ts");
      if (!(await leaveMachine(open))) return false;
    }
    await this.#host.open(profile, addressable ? argsAddress(profile.args) : null);
    return true;
  }

  async #showSheet(): Promise<void> {
    const panel = await this.#panel;
    panel?.close();
    this.#sheet ??= import("../elements/files-sheet.ts").then(({ FilesSheet: Sheet }) => {
      const sheet = new Sheet(this);
      document.body.append(sheet);
      return sheet;
    });
    const [sheet, standard] = await Promise.all([this.#sheet, this.#host.standard()]);
    this.#standard = standard;
    sheet.show();
  }

  async #onChosen(): Promise<void> {
    const files = [...(this.#input.files ?? [])];
    // The same file can be chosen again.
    this.#input.value = "";
    await this.take({ files, folders: [] });
  }
}
