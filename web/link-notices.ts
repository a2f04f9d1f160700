import type { MachineLink } from "../src/ts/config/link.ts";
import type { Notice } from "./elements/armlet-notice.ts";
import { NoGuestError } from "./guest-profile.ts";
import { UnusableLinkError } from "./open-link.ts";
import type { ConsoleSize } from "./terminal-view.ts";

/** What every guest takes for granted, where a link says only one of the two. */
const USUAL_SIZE: ConsoleSize = { columns: 80, rows: 24 };

/** The size of the console that a link asks for; null where it does not. */
export function consoleSize(link: MachineLink | null): ConsoleSize | null {
  if (link === null || (link.columns === null && link.rows === null)) return null;
  return { columns: link.columns ?? USUAL_SIZE.columns, rows: link.rows ?? USUAL_SIZE.rows };
}

/** What is to be said about a link that was opened. `trust` opens it again with what it asks of this browser. */
export function linkRemarks(link: MachineLink | null, trust: (() => void) | null): readonly Notice[] {
  if (link === null) return [];
  const { warnings, origins, keptDisks } = link;
  const elsewhere = origins.length === 0 ? [] : [`Its files are loaded from ${listed(origins)}.`];
  const texts = [...warnings, ...elsewhere];
  if (texts.length === 0) return [];
  const title = warnings.length > 0 ? "This link was not followed to the letter" : "This machine comes from elsewhere";
  const remark: Notice = { tone: "calm", shape: "strip", title, text: texts.join(" ") };
  if (keptDisks.length === 0 || trust === null) return [remark];
  const advice = "If you made this link yourself, or trust whoever did, the machine can have what this browser keeps.";
  return [{ ...remark, advice, primary: { label: "Start with the disks", run: trust } }];
}

/** Why there is no machine, as a card; null where the error is ours. */
export function startTrouble(
  error: unknown,
  ways: { readonly openDefault: () => void; readonly showMachines?: () => void },
): Notice | null {
  if (error instanceof NoGuestError) {
    return {
      tone: "trouble",
      shape: "card",
      title: "There is no guest to start",
      text: error.message,
      advice: error.advice,
      url: error.url,
      primary: { label: "Try again", run: () => location.reload() },
    };
  }
  if (!(error instanceof UnusableLinkError)) return null;
  return {
    tone: "trouble",
    shape: "card",
    title: "This link cannot be opened",
    text: error.message,
    advice: error.advice,
    primary: { label: "Open the default machine", run: ways.openDefault },
    ...(ways.showMachines === undefined ? {} : { secondary: { label: "All machines", run: ways.showMachines } }),
  };
}

const listed = (names: readonly string[]): string => new Intl.ListFormat("en").format(names);
