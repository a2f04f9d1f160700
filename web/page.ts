import { compileEngine, type VirtualMachine } from "../src/ts/api/index.ts";
import { ArmletApp } from "./elements/armlet-app.ts";
import { ArmletNotice, type Notice } from "./elements/armlet-notice.ts";
import { loadManifest, NoGuestError } from "./guest-profile.ts";
import { readHistoryState, writeHistoryState } from "./history-state.ts";
import { consoleSize, linkRemarks, startTrouble } from "./link-notices.ts";
import { isStartAddress, profileAddress, START_ADDRESS } from "./machine-address.ts";
import { MachineStore } from "./machine-store.ts";
import { type OpenedLink, openLink } from "./open-link.ts";
import { pageStorage, RecentMachines } from "./recent-machines.ts";
import { Settings } from "./settings.ts";
import { startMachine } from "./start-machine.ts";

declare global {
  interface Window {
    /** The page's machine, for scripts and the console; absent while the page shows none. */
    vm?: VirtualMachine;
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

type MakeView = (remarks: readonly Notice[]) => View;

/** The page: what its address names is what it shows, and no machine runs but that. */
export class Page {
  readonly #settings = new Settings();
  readonly #recent = new RecentMachines(pageStorage());
  readonly #engine = sharedEngine();
  #view: View | null = null;
  /** The last view on its way out. */
  #closing: Promise<void> = Promise.resolve();
  #query = "";
  /** What the next view has to say first. */
  #remarks: readonly Notice[] = [];
  /** Counts what was asked for, so that only the last of it is shown. */
  #turn = 0;

  constructor() {
    window.addEventListener("popstate", () => {
      // A change of the fragment alone names the same machine.
      if (location.search !== this.#query) void this.show();
    });
  }

  /** Shows what the address names. */
  async show(): Promise<void> {
    this.#turn += 1;
    const turn = this.#turn;
    this.#query = location.search;
    const query = new URLSearchParams(location.search);
    this.#close();
    const make = isStartAddress(query) ? this.#openList() : this.#openMachine();
    const [created] = await Promise.all([make.catch((error: unknown) => this.#unusable(error)), this.#closing]);
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
  async #openMachine(): Promise<MakeView> {
    // The engine compiles while the manifest is on its way. Whoever starts the machine gets its error.
    this.#engine().catch(() => {});
    const opened = await openLink(new URL(location.href), readHistoryState(history.state));
    return (remarks) => this.#machineView(opened, remarks);
  }

  #machineView(opened: OpenedLink, remarks: readonly Notice[]): View {
    const { link, name, title } = opened;
    const store = new MachineStore(opened, this.#engine);
    window.vm = store.vm;
    store.onMachine((vm) => {
      window.vm = vm;
    });
    document.title = link === null && name !== null ? "Armlet" : `${title} – Armlet`;
    const { trusted, typing } = readHistoryState(history.state);
    const address = link === null && name !== null ? profileAddress(name) : location.search;
    this.#recent.add({ address, title, openedMs: Date.now(), trusted });
    const element = new ArmletApp(store, this.#settings, {
      remarks: [...remarks, ...linkRemarks(link, () => this.#trust())],
      size: consoleSize(link),
      showMachines: () => this.go(START_ADDRESS),
      ...(link !== null || name === null ? { openDefault: () => this.go(location.pathname) } : {}),
    });
    const left = new AbortController();
    void startMachine(store, link, { agreed: typing, signal: left.signal });
    const close = (): Promise<void> => {
      left.abort();
      delete window.vm;
      return store.close();
    };
    return { element, close };
  }

  /** The user says that the link may have what it asks of this browser. */
  #trust(): void {
    history.replaceState(writeHistoryState({ ...readHistoryState(history.state), trusted: true }), "");
    void this.show();
  }

  async #openList(): Promise<MakeView> {
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
      });
      return { element, close: () => Promise.resolve() };
    };
  }

  /** Nothing to start: say why, and what to do. */
  #unusable(error: unknown): MakeView {
    const notice = startTrouble(error, {
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

  /** Sends the view away. The next one waits for it, since both may want the same disk. */
  #close(): void {
    const view = this.#view;
    if (view === null) return;
    this.#view = null;
    const before = this.#closing;
    this.#closing = (async () => {
      await before;
      const waiting = window.setTimeout(() => view.element.replaceWith(waitingNotice()), PATIENCE_MS);
      try {
        await view.close();
      } catch (error) {
        this.#remarks = [unkeptWrites(error instanceof Error ? error.message : String(error))];
      } finally {
        window.clearTimeout(waiting);
        document.body.replaceChildren();
      }
    })();
  }
}

/** One compilation for all machines of the page; one that failed is done again. */
function sharedEngine(): () => Promise<WebAssembly.Module> {
  let module: Promise<WebAssembly.Module> | null = null;
  return () => {
    const compiling = module ?? compileEngine();
    module = compiling;
    compiling.catch(() => {
      if (module === compiling) module = null;
    });
    return compiling;
  };
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
