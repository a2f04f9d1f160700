import { type Disposable, Emitter } from "../src/ts/lib/emitter.ts";

/** What the person at the screen chose; kept in the browser. */
export interface SettingsValues {
  readonly fontSizePx: number;
  /** The terminal keeps a text copy that screen readers follow. */
  readonly screenReader: boolean;
  /** Selected text is copied at once. */
  readonly copyOnSelect: boolean;
}

const KEY = "armlet:settings";
export const SMALLEST_FONT_PX = 9;
export const LARGEST_FONT_PX = 28;

export class Settings {
  #values: SettingsValues;
  readonly #emitter = new Emitter<{ change: SettingsValues }>();

  constructor() {
    this.#values = {
      fontSizePx: window.innerWidth < 520 ? 12 : 14,
      screenReader: false,
      copyOnSelect: true,
      ...load(),
    };
  }

  get values(): SettingsValues {
    return this.#values;
  }

  onChange(listener: (values: SettingsValues) => void): Disposable {
    return this.#emitter.on("change", listener);
  }

  set(change: Partial<SettingsValues>): void {
    this.#values = { ...this.#values, ...change };
    try {
      localStorage.setItem(KEY, JSON.stringify(this.#values));
    } catch {
      // No storage (a sandboxed frame, a full disk): the choice holds until the page is closed.
    }
    this.#emitter.emit("change", this.#values);
  }
}

/** What was stored, as far as it makes sense. */
function load(): Partial<SettingsValues> {
  let stored: unknown;
  try {
    stored = JSON.parse(localStorage.getItem(KEY) ?? "{}");
  } catch {
    // No storage, or not ours: the defaults are good.
    return {};
  }
  if (typeof stored !== "object" || stored === null) return {};
  const { fontSizePx, screenReader, copyOnSelect } = stored as Record<string, unknown>;
  return {
    ...(typeof fontSizePx === "number" && fontSizePx >= SMALLEST_FONT_PX && fontSizePx <= LARGEST_FONT_PX
      ? { fontSizePx }
      : {}),
    ...(typeof screenReader === "boolean" ? { screenReader } : {}),
    ...(typeof copyOnSelect === "boolean" ? { copyOnSelect } : {}),
  };
}
