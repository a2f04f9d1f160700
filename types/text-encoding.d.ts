/**
 * Text encoding, which every host of JavaScript has though the language has not: pages, workers, Node. For projects that
 * are compiled without any host's library.
 */
declare class TextEncoder {
  /** UTF-8. */
  encode(input?: string): Uint8Array<ArrayBuffer>;
}

declare class TextDecoder {
  constructor(label?: string, options?: { fatal?: boolean; ignoreBOM?: boolean });
  decode(input?: ArrayBufferView | ArrayBuffer, options?: { stream?: boolean }): string;
}
