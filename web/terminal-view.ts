import { FitAddon } from "@xterm/addon-fit";
import { WebLinksAddon } from "@xterm/addon-web-links";
import { Terminal } from "@xterm/xterm";
import "@xterm/xterm/css/xterm.css";
import type { VirtualMachine } from "../src/ts/api/index.ts";
import type { Disposable } from "../src/ts/lib/emitter.ts";
import { copyText } from "./clipboard.ts";
import { blinkCursor } from "./cursor-blink.ts";
import type { Settings } from "./settings.ts";
import { terminalTheme } from "./terminal-theme.ts";

/** A paste of more lines is asked about, unless the program in the guest takes pastes as such (bracketed paste). */
const UNASKED_PASTE_LINES = 5;

const SCROLLBACK_LINES = 10_000;

/** A size of the console in characters. */
export interface ConsoleSize {
  readonly columns: number;
  readonly rows: number;
}

export interface TerminalViewHost {
  /** The keyboard is to leave the terminal. */
  leave(): void;
  /** Asks; resolves with whether to paste. */
  confirmPaste(text: string, lineCount: number): Promise<boolean>;
}

/** xterm.js on an element, joined to a machine's console. */
export class TerminalView {
  readonly #terminal: Terminal;
  #vm: VirtualMachine;
  readonly #settings: Settings;
  readonly #host: TerminalViewHost;
  readonly #disposables: Disposable[] = [];
  #onControlUsed: (() => void) | null = null;
  readonly #fitAddon = new FitAddon();
  #fixedSize: ConsoleSize | null = null;

  constructor(screen: HTMLElement, vm: VirtualMachine, settings: Settings, host: TerminalViewHost) {
    this.#vm = vm;
    this.#settings = settings;
    this.#host = host;
    const { fontSizePx, screenReader } = settings.values;
    this.#terminal = new Terminal({
      allowProposedApi: false,
      cursorBlink: !matchMedia("(prefers-reduced-motion: reduce)").matches,
      fontFamily: getComputedStyle(document.documentElement).getPropertyValue("--mono"),
      fontSize: fontSizePx,
      lineHeight: 1.15,
      minimumContrastRatio: 4.5,
      screenReaderMode: screenReader,
      scrollback: SCROLLBACK_LINES,
      theme: terminalTheme(),
    });
    this.#terminal.loadAddon(this.#fitAddon);
    this.#terminal.loadAddon(new WebLinksAddon((event, address) => openLink(event, address)));
    this.#terminal.open(screen);
    this.#disposables.push(blinkCursor(screen, this.#terminal));
    this.#joinMachine();
    this.#joinClipboard(screen);
    this.#joinPage(screen);
  }

  /** Another machine takes the place of the one before: an empty screen, and its console is told the size. */
  connect(vm: VirtualMachine): void {
    this.#vm = vm;
    // RIS, in line behind what the other one wrote last.
    this.#terminal.write("\u001bc");
    vm.resize(this.#terminal.cols, this.#terminal.rows);
  }

  /** Shows what the guest wrote; resolves when it was taken in, which is what holds a flood back. */
  write(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve) => this.#terminal.write(bytes, resolve));
  }

  focus(): void {
    this.#terminal.focus();
  }

  get size(): ConsoleSize {
    return { columns: this.#terminal.cols, rows: this.#terminal.rows };
  }

  /** A size of its own, whatever there is room for; null: as large as there is room for. */
  setSize(size: ConsoleSize | null): void {
    this.#fixedSize = size;
    this.#fit();
  }

  /** Text as if typed; cursor keys as the guest's program wants them (DECCKM). */
  type(text: string): void {
    const cursorKey = text.length === 3 && text.startsWith("\u001b[");
    this.#send(cursorKey && this.#terminal.modes.applicationCursorKeysMode ? `\u001bO${text.charAt(2)}` : text);
    this.#terminal.scrollToBottom();
  }

  armControl(armed: boolean, onUsed: () => void): void {
    this.#onControlUsed = armed ? onUsed : null;
  }

  dispose(): void {
    for (const disposable of this.#disposables.splice(0)) disposable.dispose();
    this.#terminal.dispose();
  }

  #joinMachine(): void {
    this.#disposables.push(
      this.#terminal.onData((text) => this.#send(text)),
      // Mouse reports of old protocols are bytes, not characters.
      this.#terminal.onBinary((text) => this.#vm.serial.write(Uint8Array.from(text, (c) => c.charCodeAt(0)))),
      this.#terminal.onResize(({ cols, rows }) => this.#vm.resize(cols, rows)),
    );
    this.#terminal.attachCustomKeyEventHandler((event) => this.#onKey(event));
  }

  #fit(): void {
    if (this.#fixedSize === null) this.#fitAddon.fit();
    else this.#terminal.resize(this.#fixedSize.columns, this.#fixedSize.rows);
  }

  #send(text: string): void {
    const onUsed = this.#onControlUsed;
    if (onUsed !== null && text.length === 1) {
      this.#onControlUsed = null;
      onUsed();
      this.#vm.serial.write(controlCharacter(text));
      return;
    }
    this.#vm.serial.write(text);
  }

  /** Keys that are the page's. Returns whether xterm should see the event. */
  #onKey(event: KeyboardEvent): boolean {
    if (!event.ctrlKey || !event.shiftKey || event.altKey || event.metaKey) return true;
    switch (event.code) {
      case "KeyC":
        if (event.type === "keydown") void copyText(this.#terminal.getSelection());
        break;
      case "KeyV":
        // The browser's own paste follows: it comes as a paste event, without a permission to ask for.
        return false;
      case "KeyL":
        if (event.type === "keydown") this.#host.leave();
        break;
      default:
        return true;
    }
    event.preventDefault();
    return false;
  }

  #joinClipboard(screen: HTMLElement): void {
    const onPaste = (event: ClipboardEvent): void => {
      const text = event.clipboardData?.getData("text/plain") ?? "";
      const lineCount = text.trimEnd().split(/\r\n|\r|\n/).length;
      if (lineCount <= UNASKED_PASTE_LINES || this.#terminal.modes.bracketedPasteMode) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      void this.#host.confirmPaste(text, lineCount).then((confirmed) => {
        if (confirmed) this.#terminal.paste(text);
        this.#terminal.focus();
      });
    };
    const onMouseUp = (): void => {
      const selection = this.#terminal.getSelection();
      if (selection !== "" && this.#settings.values.copyOnSelect) void copyText(selection);
    };
    screen.addEventListener("paste", onPaste, { capture: true });
    screen.addEventListener("mouseup", onMouseUp);
    this.#disposables.push({
      dispose() {
        screen.removeEventListener("paste", onPaste, { capture: true });
        screen.removeEventListener("mouseup", onMouseUp);
      },
    });
  }

  #joinPage(screen: HTMLElement): void {
    // Also reports the first size, as soon as it is observed.
    const observer = new ResizeObserver(() => this.#fit());
    observer.observe(screen);
    const scheme = matchMedia("(prefers-color-scheme: light)");
    const onScheme = (): void => {
      this.#terminal.options.theme = terminalTheme();
    };
    scheme.addEventListener("change", onScheme);
    this.#disposables.push(
      { dispose: () => observer.disconnect() },
      { dispose: () => scheme.removeEventListener("change", onScheme) },
      this.#settings.onChange(({ fontSizePx, screenReader }) => {
        this.#terminal.options.fontSize = fontSizePx;
        this.#terminal.options.screenReaderMode = screenReader;
        this.#fit();
      }),
    );
  }
}

/** What a terminal sends for Ctrl and a character: ASCII without bits 6 and 5. */
function controlCharacter(character: string): string {
  const code = character.toUpperCase().charCodeAt(0);
  return code >= 0x40 && code < 0x60 ? String.fromCharCode(code & 0x1f) : character;
}

/** The guest chooses the address: only what the web calls a link, and without a way back to this page. */
function openLink(event: MouseEvent, address: string): void {
  event.preventDefault();
  if (!/^https?:\/\//i.test(address)) return;
  window.open(address, "_blank", "noopener,noreferrer");
}
