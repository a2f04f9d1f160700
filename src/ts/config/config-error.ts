/** Something is wrong with a command line; the message is a sentence for the user, and nothing was changed. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}
