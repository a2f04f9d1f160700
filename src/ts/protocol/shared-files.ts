/** What a page asks of the files that its machine shares (`-fsdev`). */

/** A file as a list has it. */
export interface SharedFile {
  readonly name: string;
  readonly kind: "file" | "folder" | "link" | "other";
  readonly sizeBytes: number;
  /** Milliseconds since 1970. */
  readonly modifiedMs: number;
}

/** Paths are names with "/" between them, from the root of the tree; the root itself is "". */
export type FilesAction =
  | { readonly what: "list" | "read" | "make-folder" | "remove"; readonly path: string }
  | { readonly what: "write"; readonly path: string; readonly contents: Blob };
