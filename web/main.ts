import { html, render } from "lit";
import { compileEngine, type VirtualMachine } from "../src/ts/api/index.ts";
import { ArmletApp } from "./elements/armlet-app.ts";
import "./elements/armlet-notice.ts";
import { NoGuestError, pageProfile } from "./guest-profile.ts";
import { MachineStore } from "./machine-store.ts";
import { Settings } from "./settings.ts";

declare global {
  interface Window {
    /** The page's machine, for scripts and the console. */
    vm?: VirtualMachine;
  }
}

async function open(): Promise<void> {
  const query = new URLSearchParams(location.search);
  // The engine compiles while the manifest is on its way.
  let early: Promise<WebAssembly.Module> | null = compileEngine();
  // Whoever starts the machine gets the error; until then it is not an unhandled one.
  early.catch(() => {});
  const engine = (): Promise<WebAssembly.Module> => {
    const module = early ?? compileEngine();
    early = null;
    return module;
  };
  const store = new MachineStore(await pageProfile(query), engine);
  window.vm = store.vm;
  store.onMachine((vm) => {
    window.vm = vm;
  });
  store.start();
  const defaultMachine = !query.has("args") ? undefined : (): void => location.assign(location.pathname);
  document.body.append(new ArmletApp(store, new Settings(), defaultMachine));
}

/** Nothing to start: say what to put where. */
function showMissingGuest(error: NoGuestError): void {
  const notice = {
    tone: "trouble",
    shape: "card",
    title: "There is no guest to start",
    text: error.message,
    advice: error.advice,
    url: error.url,
    primary: { label: "Try again", run: () => location.reload() },
  };
  render(html`<main><armlet-notice .notice=${notice}></armlet-notice></main>`, document.body);
}

// A browser that lacks something got its own page (index.html).
if (!document.documentElement.hasAttribute("data-missing")) {
  open().catch((error: unknown) => {
    if (!(error instanceof NoGuestError)) throw error;
    showMissingGuest(error);
  });
}
