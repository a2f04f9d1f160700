/** A link cannot be opened: the message says why, the advice what to do. Nothing was started. */
export class LinkError extends Error {
  override readonly name = "LinkError";
  readonly advice: string;

  constructor(message: string, advice: string, options?: ErrorOptions) {
    super(message, options);
    this.advice = advice;
  }
}
