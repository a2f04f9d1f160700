import type { HeadStart, VirtualMachine } from "../../src/ts/api/index.ts";
import {
  FRAME_EVENTS,
  FRAME_METHODS,
  FRAME_PROTOCOL_VERSION,
  type FrameMethods,
  type FrameReady,
} from "../../src/ts/api/frame-protocol.ts";
import { ArmletNotice, type Notice } from "../elements/armlet-notice.ts";
import { consoleSize, linkRemarks, startTrouble } from "../link-notices.ts";
import { profileAddress } from "../machine-address.ts";
import type { PageStart } from "../page-start.ts";
import { MachineStore } from "../machine-store.ts";
import { type OpenedLink, openLink } from "../open-link.ts";
import { Settings } from "../settings.ts";
import { sharedEngine } from "../shared-engine.ts";
import { writtenImages } from "../written-images.ts";
import { startMachine } from "../start-machine.ts";
import { chooseTheme } from "../theme.ts";
import { ArmletEmbed } from "./armlet-embed.ts";
import { EmbedChannel } from "./embed-channel.ts";
import { type EmbedOptions, embedOptions } from "./embed-options.ts";
import { FrameService } from "./frame-service.ts";

/** What the frame shows: a machine, and the element around it. */
interface Shown {
  readonly store: MachineStore;
  readonly element: ArmletEmbed;
}

/** A machine in a frame, for the person at the screen and, by messages, for the page around it. */
export class EmbedPage {
  readonly #options: EmbedOptions;
  readonly #settings = new Settings();
  readonly #engine: () => Promise<WebAssembly.Module>;
  readonly #channel: EmbedChannel | null;
  readonly #service: FrameService;
  /** The machine of now; rejects with why there is none. */
  #shown: Promise<Shown>;

  /** `start` is what was begun before the page was there; for the machine of its address. */
  constructor(start: PageStart) {
    this.#engine = sharedEngine(start.machine?.engine ?? null);
    this.#options = embedOptions(new URLSearchParams(location.search));
    if (this.#options.theme !== null) chooseTheme(this.#options.theme);
    this.#service = new FrameService({
      ready: frameReady(),
      machine: async () => (await this.#shown).store.vm,
      start: (what) => this.#start(what),
      setSize: async (size) => await (await this.#shown).element.setSize(size),
      send: (message) => this.#channel?.send(message),
    });
    this.#channel = this.#listen();
    this.#shown = this.#open(new URL(location.href), start);
    // Whoever asks for the machine gets the reason; the frame shows it.
    this.#shown.catch(() => {});
  }

  #listen(): EmbedChannel | null {
    if (window.parent === window) return null;
    const channel = new EmbedChannel(window.parent, {
      origin: this.#options.origin,
      call: (method, params) => this.#service.call(method, params),
      warn: (text) => console.warn(text),
    });
    window.addEventListener("message", (event) => channel.receive(event));
    channel.send({
      armlet: FRAME_PROTOCOL_VERSION,
      event: "ready",
      data: frameReady(),
    });
    return channel;
  }

  async #open(address: URL, { machine: headStart, loadManifest }: PageStart): Promise<Shown> {
    let opened: OpenedLink;
    try {
      // In a frame the browser keeps disks for each surrounding site apart.
      const written = window.self === window.top ? { written: writtenImages } : {};
      opened = await openLink(address, { ...written, loadManifest });
    } catch (error) {
      headStart?.dispose();
      const notice = startTrouble(error, { openDefault: () => location.assign(location.pathname) });
      if (notice !== null) showNotice(notice);
      throw error;
    }
    const store = this.#makeMachine(opened);
    // Before the page is built around it: the machine comes up on another thread meanwhile.
    if (this.#options.autostart) void this.#startShown(store, opened, headStart);
    else headStart?.dispose();
    return this.#show(store, opened, pageAddress(address));
  }

  #makeMachine(opened: OpenedLink): MachineStore {
    const store = new MachineStore(opened, this.#engine);
    this.#service.attach(store.vm);
    store.onMachine((vm) => this.#service.attach(vm));
    return store;
  }

  #show(store: MachineStore, opened: OpenedLink, address: string): Shown {
    const element = new ArmletEmbed(store, this.#settings, {
      title: opened.title,
      pageAddress: address,
      remarks: [...frameRemarks(this.#options), ...linkRemarks(opened.link, null)],
      size: consoleSize(opened.link),
    });
    document.body.replaceChildren(element);
    return { store, element };
  }

  async #startShown(store: MachineStore, { link }: OpenedLink, headStart: HeadStart | null): Promise<void> {
    // The page around the frame chose its address, and may type whatever it wants anyway. On its own, it is a link.
    const agreed = this.#channel !== null;
    await startMachine(store, link, { agreed, signal: new AbortController().signal, headStart });
  }

  async #start({ args, profile, files }: FrameMethods["start"]["params"]): Promise<void> {
    const vm =
      args === undefined && profile === undefined && files === undefined
        ? await this.#startSame()
        : await this.#startOther({ args, profile, files });
    await vm.start();
  }

  async #startSame(): Promise<VirtualMachine> {
    const { store } = await this.#shown;
    if (!store.isOn && store.state !== "loading") store.start();
    return store.vm;
  }

  async #startOther({ args, profile, files }: FrameMethods["start"]["params"]): Promise<VirtualMachine> {
    const address = new URL(location.href);
    if (args !== undefined) address.search = `?${new URLSearchParams({ args })}`;
    if (profile !== undefined) address.search = profileAddress(profile);
    const opened = {
      ...(await openLink(address, { trusted: parentIsOurs() })),
      ...(files === undefined ? {} : { files }),
    };
    const before = await this.#shown.catch(() => null);
    const shown = before ?? this.#show(this.#makeMachine(opened), opened, pageAddress(address));
    const { store } = shown;
    if (before === null) {
      this.#shown = Promise.resolve(shown);
      store.start();
    } else {
      await store.replace(opened);
    }
    store.vm.type(opened.link?.typed.texts ?? []);
    return store.vm;
  }
}

function frameReady(): FrameReady {
  return { version: FRAME_PROTOCOL_VERSION, methods: FRAME_METHODS, events: FRAME_EVENTS, storage: keepsStorage() };
}

/** The same machine on a page of its own. */
function pageAddress(address: URL): string {
  const page = new URL("./", address);
  page.search = address.search;
  for (const key of ["origin", "theme", "autostart"]) page.searchParams.delete(key);
  return page.href;
}

function frameRemarks({ warnings }: EmbedOptions): Notice[] {
  const remarks: Notice[] = [];
  if (warnings.length > 0) {
    remarks.push({
      tone: "calm",
      shape: "strip",
      title: "The frame's address has a mistake",
      text: warnings.join(" "),
    });
  }
  if (!keepsStorage()) {
    remarks.push({
      tone: "calm",
      shape: "strip",
      title: "Nothing is kept here",
      text: "This frame is sandboxed: the browser gives it no storage. What the guest writes to its disks lives in memory and is gone when the frame is closed.",
    });
  }
  return remarks;
}

/** A sandboxed frame has an origin of its own that nobody can come back to. */
function keepsStorage(): boolean {
  return window.origin !== "null";
}

/** Whether the page around the frame is of the same origin, and so may do what this one may. */
function parentIsOurs(): boolean {
  try {
    return window.parent.location.origin === window.origin && window.origin !== "null";
  } catch {
    // Another origin's address cannot be read.
    return false;
  }
}

function showNotice(notice: Notice): void {
  const main = document.createElement("main");
  const element = new ArmletNotice();
  element.notice = notice;
  main.append(element);
  document.body.replaceChildren(main);
}
