/** What is on a disk cannot be read: it is damaged, hostile, or of a kind that is not known here. The message is a sentence. */
export class InspectError extends Error {
  override readonly name = "InspectError";
}
