import { FailureError } from "../protocol/failure.ts";

/** What a page hears that asked for something by an id that the machine does not have. */
export function unknownName(what: string, name: string, option: string): FailureError {
  return new FailureError({
    code: "internal",
    message: `The machine has no ${what} with the id “${name}”.`,
    advice: `Use an id that the command line gives with ${option}.`,
    url: null,
  });
}
