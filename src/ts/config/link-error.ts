import { ConfigError } from "./config-error.ts";

/** A link cannot be opened: the message says why, the advice what to do. Nothing was started. */
export class LinkError extends Error {
  override readonly name = "LinkError";
  readonly advice: string;

  constructor(message: string, advice: string, options?: ErrorOptions) {
    super(message, options);
    this.advice = advice;
  }
}

/** The command line of a link (`args`) is wrong; `args` is that line, so that a machine can say the same. */
export class LinkArgsError extends ConfigError {
  readonly args: string;

  constructor(args: string, error: ConfigError) {
    super(error.message, { cause: error });
    this.args = args;
  }
}
