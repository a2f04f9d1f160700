/** Data that is not valid xz, or ends early. The message goes on from "the data is damaged:". */
export class XzError extends Error {
  override name = "XzError";
}

/** Valid xz that needs something that is not here. The message goes on from "The xz data". */
export class XzUnsupportedError extends Error {
  override name = "XzUnsupportedError";
}
