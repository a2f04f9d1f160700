/** Data that is not valid Zstandard, or ends early. The message goes on from "the data is damaged:". */
export class ZstdError extends Error {
  override name = "ZstdError";
}
