import { plainText } from "./terminal-text.ts";
import type { MachineStats } from "./types.ts";

/** How much of the console goes along. */
const CONSOLE_LINES = 120;

/** What a report is about. */
export interface ReportSubject {
  readonly args: string;
  readonly state: string;
  readonly stats: MachineStats;
  readonly serial: { readonly text: string };
}

/** A report to copy: everything in it is the guest's or the browser's, nothing of the user's other pages. */
export function composeReport(subject: ReportSubject, machine: string | null): string {
  const { stats } = subject;
  const console = plainText(subject.serial.text.slice(-CONSOLE_LINES * 400))
    .replaceAll("\r", "")
    .split("\n")
    .slice(-CONSOLE_LINES)
    .join("\n");
  return [
    "Armlet report",
    `state: ${subject.state}`,
    `machine: ${subject.args}`,
    `instructions: ${stats.instructions}, guest errors: ${stats.guestErrors}`,
    `browser: ${navigator.userAgent}`,
    "",
    "machine:",
    machine ?? "(not running)",
    "",
    `console, last ${CONSOLE_LINES} lines:`,
    console,
    "",
  ].join("\n");
}
