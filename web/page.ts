import { type DiskLibrary, FailureError, type VirtualMachine } from "../src/ts/api/index.ts";
import { DiskDesk } from "./disks/disk-desk.ts";
import { localFiles, namesKeptDisks } from "./disks/local-files.ts";
import { ArmletApp } from "./elements/armlet-app.ts";
import { ArmletNotice, type Notice } from "./elements/armlet-notice.ts";
import { type GuestProfile, loadManifest, NoGuestError, profileOf } from "./guest-profile.ts";
import { readHistoryState, writeHistoryState } from "./history-state.ts";
import { consoleSize, linkRemarks, startTrouble } from "./link-notices.ts";
import { isStartAddress, profileAddress, START_ADDRESS } from "./machine-address.ts";
import { MachineStore } from "./machine-store.ts";
import { machineTitle } from "./machine-title.ts";
import { FAILURE_TITLES } from "./notices.ts";
import { type OpenedLink, openLink } from "./open-link.ts";
import { pageStorage, RecentMachines } from "./recent-machines.ts";
import { Settings } from "./settings.ts";
import type { PageStart } from "./page-start.ts";
import type { ConsoleSize } from "./terminal-view.ts";
import type { ShareHost } from "./share/share.ts";
import { sharedEngine } from "./shared-engine.ts";
import { startMachine } from "./start-machine.ts";
import { writtenImages } from "./written-images.ts";

declare global {
  interface Window {
    /** The page's machine, for scripts and the console; absent while the page shows none. */
    vm?: VirtualMachine;
    /** The disks of this browser, for scripts and the console. */
    readonly disks?: DiskLibrary;
  }
}

/** Leaving a machine takes so long only when its disks do; then the page says what it waits for. */
const PATIENCE_MS = 1000;

/** What the page shows for one address. */
interface View {
  readonly element: HTMLElement;
  /** Lets go of everything; resolves when what the guest wrote is safe. */
  close(): Promise<void>;
}

/** What a machine's view is made of beside the machine. */
interface MachineViewOptions {
  /** What only this browser has of what the command line names. */
  readonly local: Readonly<Record<string, Blob>>;
  /** The page's address is the machine's. */
  readonly hasAddress: boolean;
  readonly remarks: readonly Notice[];
}

type MakeView = (remarks: readonly Notice[]) => View;

/** The page: what its address names is what it shows, and no machine runs but that. */
export class Page {
  readonly #settings = new Settings();
  readonly #recent = new RecentMachines(pageStorage());
  readonly #engine: () => Promise<WebAssembly.Module>;
  /** What was begun before the page was there; for the first machine. */
  readonly #start: PageStart;
  readonly #desk: DiskDesk;
  #view: View | null = null;
  /** The machine that is shown. */
  #machine: MachineStore | null = null;
  /** The last view on its way out. */
  #closing: Promise<void> = Promise.resolve();
  #query = "";
  /** What the next view has to say first. */
  #remarks: readonly Notice[] = [];
  /** Counts what was asked for, so that only the last of it is shown. */
  #turn = 0;

  constructor(start: PageStart) {
    this.#start = start;
    this.#engine = sharedEngine(start.machine?.engine ?? null);
    this.#desk = new DiskDesk({
      machine: () => this.#machine,
      standard: standardProfile,
      open: (profile, address) => this.#open(profile, address),
    });
    // A getter: disks that nobody asks for cost no worker.
    Object.defineProperty(window, "disks", { configurable: true, get: () => this.#desk.disks.library });
    window.addEventListener("beforeunload", (event) => {
      // Of a machine whose disks are in order the page may be left without a word.
      if (this.#machine?.vm.hasUnsavedWrites === true) event.preventDefault();
    });
    window.addEventListener("popstate", () => {
      // A change of the fragment alone names the same machine.
      if (location.search !== this.#query) void this.show();
    });
  }

  /** Shows what the address names. */
  async show(): Promise<void> {
    const query = new URLSearchParams(location.search);
    await this.#show(() => (isStartAddress(query) ? this.#openList() : this.#openMachine(this.#openAddress())));
  }

  /** Shows a machine that was put together here; its address is pushed where it has one. */
  async #open(profile: GuestProfile, address: string | null): Promise<void> {
    // The page made it: it may name disks of this browser.
    if (address !== null) history.pushState(writeHistoryState({ trusted: true }), "", new URL(address, location.href));
    const opened = { ...profile, link: null, name: null, title: machineTitle(profile.args) };
    await this.#show(() => this.#openMachine(Promise.resolve(opened), address !== null));
  }

  async #show(open: () => Promise<MakeView>): Promise<void> {
    this.#turn += 1;
    const turn = this.#turn;
    this.#query = location.search;
    this.#close();
    const [created] = await Promise.all([open().catch((error: unknown) => this.#unusable(error)), this.#closing]);
    if (turn !== this.#turn) return;
    const remarks = this.#remarks;
    this.#remarks = [];
    const view = created(remarks);
    this.#view = view;
    document.body.append(view.element);
  }

  /**
   * Goes to another address of this page, with a way back. `trusted`: the page made it, so it may name disks of this
   * browser, and what it types needs no question.
   */
  go(address: string, { trusted = false }: { readonly trusted?: boolean } = {}): void {
    history.pushState(writeHistoryState({ trusted }), "", new URL(address, location.href));
    void this.show();
  }

  /** Everything that takes time, done beside the last view's end; the result makes the view. */
  async #openMachine(opening: Promise<OpenedLink>, hasAddress = true): Promise<MakeView> {
    // The engine compiles while the manifest is on its way. Whoever starts the machine gets its error.
    this.#engine().catch(() => {});
    const opened = await opening;
    // Disks that nothing asks for cost no worker.
    const local = namesKeptDisks(opened.args) ? await localFiles(opened.args, this.#desk.disks.library) : {};
    return (remarks) => this.#machineView(opened, { local, hasAddress, remarks });
  }

  #machineView(opened: OpenedLink, { local, hasAddress, remarks }: MachineViewOptions): View {
    const { link, name, title } = opened;
    const store = new MachineStore({ ...opened, files: { ...opened.files, ...local } }, this.#engine);
    this.#machine = store;
    window.vm = store.vm;
    store.onMachine((vm) => {
      window.vm = vm;
    });
    document.title = link === null && name !== null ? "Armlet" : `${title} – Armlet`;
    const { trusted, typing } = readHistoryState(history.state);
    const address = link === null && name !== null ? profileAddress(name) : location.search;
    if (hasAddress) {
      const disks = link === null || link.keptDisks.length === 0;
      this.#recent.add({ address, title, openedMs: Date.now(), trusted, disks });
    }
    const left = new AbortController();
    // Before the page is built around it: the machine comes up on another thread meanwhile.
    const headStart = this.#start.machine;
    void startMachine(store, link, { agreed: typing, signal: left.signal, headStart });
    const element = new ArmletApp(store, this.#settings, {
      remarks: [...remarks, ...linkRemarks(link, () => this.#trust())],
      size: consoleSize(link),
      showMachines: () => this.go(START_ADDRESS),
      showDisks: () => void this.#desk.showPanel(),
      reopen: () => void this.#show(() => this.#openMachine(Promise.resolve(opened), hasAddress)),
      share: (size) => void shareMachine(store.profile, link?.profile ?? name, this.#shareHost(size)),
      ...(link !== null || name === null ? { openDefault: () => this.go(location.pathname) } : {}),
    });
    const close = (): Promise<void> => {
      left.abort();
      delete window.vm;
      this.#machine = null;
      return store.close();
    };
    return { element, close };
  }

  #shareHost(size: ConsoleSize): ShareHost {
    return { size, disks: () => this.#desk.disks.library, showDisks: () => void this.#desk.showPanel() };
  }

  /** What the page's address names. */
  async #openAddress(): Promise<OpenedLink> {
    const { trusted, disks } = readHistoryState(history.state);
    const before = this.#recent.machines.find(({ address }) => address === location.search);
    // What is kept over its images since then is of its own making.
    const written = before?.disks === true ? {} : { written: writtenImages };
    return await openLink(new URL(location.href), {
      trusted,
      disks,
      ...written,
      loadManifest: this.#start.loadManifest,
    });
  }

  /** The user says that the link may have what this browser keeps. */
  #trust(): void {
    history.replaceState(writeHistoryState({ ...readHistoryState(history.state), disks: true }), "");
    void this.show();
  }

  async #openList(): Promise<MakeView> {
    this.#start.machine?.dispose();
    const [{ ArmletStart }, manifest] = await Promise.all([
      import("./elements/armlet-start.ts"),
      loadManifest().catch((error: unknown) => {
        if (error instanceof NoGuestError) return error;
        throw error;
      }),
    ]);
    return (remarks) => {
      document.title = "Machines – Armlet";
      const element = new ArmletStart(manifest, this.#recent, {
        remarks,
        go: (address, trusted) => this.go(address, { trusted }),
        addFiles: () => this.#desk.chooseFiles(),
        showDisks: () => void this.#desk.showPanel(),
      });
      return { element, close: () => Promise.resolve() };
    };
  }

  /** Nothing to start: say why, and what to do. */
  #unusable(error: unknown): MakeView {
    this.#start.machine?.dispose();
    const notice =
      error instanceof FailureError
        ? this.#diskTrouble(error)
        : startTrouble(error, {
            openDefault: () => this.go(location.pathname),
            showMachines: () => this.go(START_ADDRESS),
          });
    if (notice === null) throw error;
    return (remarks) => {
      // What the last machine left unsaid comes with the next one.
      this.#remarks = remarks;
      return { element: noticePage(notice), close: () => Promise.resolve() };
    };
  }

  /** What the command line names of this browser cannot be had. */
  #diskTrouble({ failure }: FailureError): Notice {
    const { code, message, advice, url } = failure;
    return {
      tone: "trouble",
      shape: "card",
      title: FAILURE_TITLES[code],
      text: message,
      advice,
      url,
      primary: { label: "Try again", run: () => void this.show() },
      secondary: { label: "Disks", run: () => void this.#desk.showPanel() },
    };
  }

  /** Sends the view away. The next one waits for it, since both may want the same disk. */
  #close(): void {
    const view = this.#view;
    if (view === null) return;
    this.#view = null;
    const before = this.#closing;
    this.#closing = (async () => {
      await before;
      let shown = view.element;
      const waiting = window.setTimeout(() => {
        const notice = waitingNotice();
        shown.replaceWith(notice);
        shown = notice;
      }, PATIENCE_MS);
      try {
        await view.close();
      } catch (error) {
        this.#remarks = [unkeptWrites(error instanceof Error ? error.message : String(error))];
      } finally {
        window.clearTimeout(waiting);
        shown.remove();
        // It was about the machine that is gone.
        document.querySelector("body > share-dialog")?.remove();
      }
    })();
  }
}

/** What it takes is loaded when somebody shares. */
async function shareMachine(profile: GuestProfile, name: string | null, host: ShareHost): Promise<void> {
  const { shareMachine: show } = await import("./share/share.ts");
  await show(profile, name, host);
}

/** The default machine; null where there is none beside the page. */
async function standardProfile(): Promise<GuestProfile | null> {
  try {
    const manifest = await loadManifest();
    return profileOf(manifest, manifest.default);
  } catch (error) {
    if (error instanceof NoGuestError) return null;
    throw error;
  }
}

function unkeptWrites(reason: string): Notice {
  return {
    tone: "trouble",
    shape: "strip",
    title: "Not everything that the last machine wrote could be kept",
    text: reason,
  };
}

function waitingNotice(): HTMLElement {
  return noticePage({
    tone: "calm",
    shape: "card",
    title: "Keeping what the guest wrote",
    text: "The last writes are on their way to this browser's storage.",
  });
}

function noticePage(notice: Notice): HTMLElement {
  const main = document.createElement("main");
  const element = new ArmletNotice();
  element.notice = notice;
  main.append(element);
  return main;
}
