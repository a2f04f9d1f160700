import { isPrompt } from "../src/ts/api/console-watch.ts";
import type { Disposable } from "../src/ts/lib/emitter.ts";

/** As much of a line as a prompt may have. */
const LONGEST_LINE = 1024;

/** What of a machine's console is used. */
export interface TypistConsole {
  write(text: string): void;
  onData(listener: (bytes: Uint8Array) => void): Disposable;
}

/** Types the first text at the guest's next prompt, each further one at the prompt after it. */
export function typeAtPrompts(console: TypistConsole, texts: readonly string[]): Disposable {
  const waiting = [...texts];
  const decoder = new TextDecoder();
  let line = "";
  const subscription = console.onData((bytes) => {
    const text = line + decoder.decode(bytes, { stream: true });
    line = text.slice(text.lastIndexOf("\n") + 1).slice(-LONGEST_LINE);
    if (!isPrompt(line)) return;
    // The prompt that it was typed at is none any more.
    line = "";
    const next = waiting.shift();
    // A terminal sends CR for Enter.
    if (next !== undefined) console.write(next.replaceAll("\n", "\r"));
    if (waiting.length === 0) subscription.dispose();
  });
  if (waiting.length === 0) subscription.dispose();
  return subscription;
}
