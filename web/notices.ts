import type { DiskTrouble, FailureCode, FailureError, MachineCrash, StopReason } from "../src/ts/api/index.ts";
import type { Notice } from "./elements/armlet-notice.ts";
import type { MachineStore } from "./machine-store.ts";

/** What happened, by the code of a failure. */
export const FAILURE_TITLES: Record<FailureCode, string> = {
  "command-line": "This machine cannot be built as it is written",
  "not-found": "A file of the machine is missing",
  "http-status": "A file of the machine could not be loaded",
  "wrong-type": "That is a web page, not a file for the machine",
  blocked: "Another site keeps a file to itself",
  unreachable: "A file of the machine could not be loaded",
  "connection-lost": "The connection was lost",
  cancelled: "Loading was cancelled",
  "bad-file": "The machine cannot start with these files",
  "hash-mismatch": "A file is not the one that is wanted",
  "out-of-memory": "The browser has not enough memory for this machine",
  "version-mismatch": "A new version was published meanwhile",
  unsupported: "This browser cannot run the machine",
  internal: "The machine could not be started",
  quota: "No room for the disk",
  busy: "A disk is in use",
  unavailable: "No storage for disks",
  gone: "A disk is gone",
  changed: "A disk image has changed",
  damaged: "A disk is damaged",
  format: "That is no disk that can be used here",
  failed: "The browser's storage failed",
};

const STOPPED_TEXTS: Record<StopReason, string> = {
  "power-off": "The guest shut down.",
  reset: "The guest restarted, and its command line says that this ends it (-no-reboot).",
  forced: "It was turned off without the guest's doing.",
};

/** Failures that something in the panel with the disks can do something about. */
const DISK_FAILURES: ReadonlySet<FailureCode> = new Set(["quota", "busy", "gone", "changed", "damaged"]);

/** Where a notice can lead. */
export interface NoticeHost {
  /** Away from a machine that the address names, where it names one. */
  openDefault?(): void;
  /** Opens the panel with the disks of this browser, where there is one. */
  showDisks?(): void;
  /** Makes the machine anew, with what the page has of its files now. */
  reopen?(): void;
}

/** What the page has to say about its machine now, the most urgent first; null where the terminal says it all. */
export function noticeFor(store: MachineStore, host: NoticeHost): Notice | null {
  if (store.failure !== null) return failureNotice(store, store.failure, host);
  if (store.crash !== null) return crashNotice(store, store.crash);
  if (store.state === "stopped" && store.stopReason !== null) {
    return {
      tone: "calm",
      shape: "strip",
      title: "The machine is off",
      text: STOPPED_TEXTS[store.stopReason],
      primary: { label: "Turn on", run: () => store.reset() },
    };
  }
  if (store.diskTrouble !== null) return diskNotice(store, store.diskTrouble, host);
  if (store.panic !== null) return panicNotice(store, store.panic.kind, store.panic.line);
  return store.hostError === null ? null : hostErrorNotice(store, store.hostError);
}

/** How drives are opened is told with this before it: the machine has what it needs, only not as one may think. */
const OF_A_DISK = /^disk: /;

function hostErrorNotice(store: MachineStore, text: string): Notice {
  const dismiss = (): void => store.dismissHostError();
  if (OF_A_DISK.test(text)) {
    const title = "About a disk of this machine";
    return { tone: "calm", shape: "strip", title, text: text.replace(OF_A_DISK, ""), dismiss };
  }
  const title = "The machine did not get what it needs";
  return { tone: "trouble", shape: "strip", title, text, report: () => store.vm.report(), dismiss };
}

function failureNotice(store: MachineStore, { failure }: FailureError, host: NoticeHost): Notice {
  const { openDefault, showDisks, reopen } = host;
  const ofDisks = DISK_FAILURES.has(failure.code) && showDisks !== undefined && reopen !== undefined;
  const secondary = ofDisks
    ? { label: "Disks", run: showDisks }
    : openDefault && { label: "Open the default machine", run: openDefault };
  return {
    tone: failure.code === "cancelled" ? "calm" : "trouble",
    shape: "card",
    title: FAILURE_TITLES[failure.code],
    text: failure.message,
    advice: failure.advice,
    url: failure.url,
    primary: {
      label: failure.code === "cancelled" ? "Load again" : "Try again",
      run: ofDisks ? reopen : () => store.start(),
    },
    ...(secondary === undefined ? {} : { secondary }),
    report: () => `${FAILURE_TITLES[failure.code]}\n${failure.message}\n${failure.url ?? ""}\n${store.vm.args}\n`,
  };
}

function diskNotice(store: MachineStore, { name, code, message, advice }: DiskTrouble, host: NoticeHost): Notice {
  const { showDisks } = host;
  const retry = { label: "Try again", run: () => store.retryDisks() };
  return {
    tone: "trouble",
    shape: "strip",
    title:
      code === "quota" ? `There was no room for what the guest wrote to “${name}”` : `“${name}” could not be written`,
    text: `${message} ${advice}`,
    advice:
      "The guest got an error, after which Linux mostly makes a file system read-only: when there is room, reset it. Nothing that it flushed before is lost.",
    ...(showDisks === undefined
      ? { primary: retry }
      : { primary: { label: "Disks", run: showDisks }, secondary: retry }),
    dismiss: () => store.dismissDiskTrouble(),
    dismissLabel: "Go on without writing",
  };
}

function crashNotice(store: MachineStore, crash: MachineCrash): Notice {
  return {
    tone: "trouble",
    shape: "card",
    title: "The engine broke",
    text: `This is a fault of Armlet, not of the guest (${crash.message}). The guest cannot go on; what it wrote to its disks is kept.`,
    advice: "Please copy the report and send it to whoever runs this page, then reset.",
    details: crash.report,
    primary: { label: "Reset", run: () => store.reset() },
    report: () => store.vm.report(),
  };
}

function panicNotice(store: MachineStore, kind: "panic" | "oops", line: string): Notice {
  return {
    tone: "trouble",
    shape: "strip",
    title: kind === "panic" ? "The guest's kernel panicked" : "The guest's kernel hit a bug",
    text: line,
    advice:
      kind === "panic"
        ? "The guest has stopped working; the lines above its message say why."
        : "It may go on, but should not be trusted any more.",
    primary: { label: "Reset", run: () => store.reset() },
    report: () => store.vm.report(),
    dismiss: () => store.dismissPanic(),
  };
}
