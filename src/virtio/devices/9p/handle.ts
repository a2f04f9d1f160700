/** An open file of the tree, which requests may still use while its fid is given up. */
import type { OpenFile, OpenMode, Pending } from "../../file-tree.ts";

export class Handle {
  readonly file: OpenFile;
  readonly mode: Pick<OpenMode, "read" | "write">;
  /** Writes go to the end, whatever their offset. */
  readonly append: boolean;
  private users = 0;
  private closing = false;
  private readonly onLateError: (error: unknown) => void;

  /** `onLateError` hears what closing comes to when nobody waits for it any more. */
  constructor(file: OpenFile, mode: Handle["mode"], append: boolean, onLateError: (error: unknown) => void) {
    this.file = file;
    this.mode = mode;
    this.append = append;
    this.onLateError = onLateError;
  }

  /** A request uses the file; `leave` ends that. */
  enter(): void {
    this.users += 1;
  }

  leave(): void {
    this.users -= 1;
    if (this.users === 0 && this.closing) this.closeLate();
  }

  /** Closes the file, after the requests that use it. */
  close(): Pending<void> {
    if (this.closing) return undefined;
    this.closing = true;
    return this.users === 0 ? this.file.close() : undefined;
  }

  /** The same where nobody waits for the end. */
  drop(): void {
    if (this.closing) return;
    this.closing = true;
    if (this.users === 0) this.closeLate();
  }

  private closeLate(): void {
    try {
      const closed = this.file.close();
      if (closed instanceof Promise) closed.catch(this.onLateError);
    } catch (error) {
      this.onLateError(error);
    }
  }
}
