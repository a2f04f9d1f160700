/** Why something cannot be loaded: the message is a sentence for the user that says what to do where that is known. */
export class LoadError extends Error {
  override name = "LoadError";
}

/** A size for messages: 27.2 MB. */
export function megabytes(sizeBytes: number): string {
  return `${(sizeBytes / 1_000_000).toFixed(1)} MB`;
}

/** A guest-physical address for messages. */
export function address(gpa: number): string {
  return `0x${gpa.toString(16)}`;
}
