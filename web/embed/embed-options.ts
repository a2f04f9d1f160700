import type { Theme } from "../theme.ts";

/** What the address says about the frame itself; everything else in it is the machine's. */
export interface EmbedOptions {
  /** null: the system's. */
  readonly theme: Theme | null;
  /** The only origin whose messages are listened to; null: that of the first. */
  readonly origin: string | null;
  /** Whether the machine starts by itself. */
  readonly autostart: boolean;
  /** Sentences about what of it makes no sense. */
  readonly warnings: readonly string[];
}

/** Reads them. Where `origin` is no origin, nobody is listened to. */
export function embedOptions(query: URLSearchParams): EmbedOptions {
  const warnings: string[] = [];
  const theme = query.get("theme");
  if (theme !== null && theme !== "dark" && theme !== "light") {
    warnings.push(`The address asks for the theme “${short(theme)}”; there are dark and light.`);
  }
  const origin = query.get("origin");
  if (origin !== null && !isOrigin(origin)) {
    warnings.push(
      `The address has “${short(origin)}” as the origin of the page around this frame, which is none (https://example.org is one). Its messages are ignored.`,
    );
  }
  const autostart = query.get("autostart");
  if (autostart !== null && autostart !== "0" && autostart !== "1") {
    warnings.push(`The address has autostart=${short(autostart)}; it is 0 or 1.`);
  }
  return {
    theme: theme === "dark" || theme === "light" ? theme : null,
    origin,
    autostart: autostart !== "0",
    warnings,
  };
}

function isOrigin(text: string): boolean {
  return URL.canParse(text) && new URL(text).origin === text && text !== "null";
}

const LONGEST_SHOWN = 60;
const short = (text: string): string => (text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}…` : text);
