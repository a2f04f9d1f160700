/** Data that is not valid DEFLATE or gzip, or ends early. The message goes on from "the data is damaged:". */
export class InflateError extends Error {
  override name = "InflateError";
}
