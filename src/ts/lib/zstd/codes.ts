/** Tables of RFC 8878: literal length and match length codes (3.1.1.3.2.1.1), and the predefined distributions (3.1.1.3.2.2). */

/** For each literal length code: the smallest length, and the extra bits that are added to it. */
export const LITERAL_LENGTH_BASE = Uint32Array.of(
  ...[
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 18, 20, 22, 24, 28, 32, 40, 48, 64, 128, 256, 512, 1024,
  ],
  ...[2048, 4096, 8192, 16384, 32768, 65536],
);
export const LITERAL_LENGTH_BITS = Uint8Array.of(
  ...[
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16,
  ],
);

/** The same for match length codes. */
export const MATCH_LENGTH_BASE = Uint32Array.of(
  ...[3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32],
  ...[33, 34, 35, 37, 39, 41, 43, 47, 51, 59, 67, 83, 99, 131, 259, 515, 1027, 2051, 4099, 8195, 16387, 32771, 65539],
);
export const MATCH_LENGTH_BITS = Uint8Array.of(
  ...[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1],
  ...[2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16],
);

/** A kind of code: its predefined distribution, and what a table of it may have. */
export interface CodeKind {
  readonly predefined: readonly number[];
  readonly predefinedLog: number;
  readonly limits: { readonly accuracyLog: number; readonly symbol: number };
}

export const LITERAL_LENGTH: CodeKind = {
  predefined: [
    4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1, -1, -1, -1, -1,
  ],
  predefinedLog: 6,
  limits: { accuracyLog: 9, symbol: 35 },
};

export const OFFSET: CodeKind = {
  predefined: [1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1],
  predefinedLog: 5,
  limits: { accuracyLog: 8, symbol: 31 },
};

export const MATCH_LENGTH: CodeKind = {
  predefined: [
    1, 4, 3, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
    1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1, -1, -1,
  ],
  predefinedLog: 6,
  limits: { accuracyLog: 9, symbol: 52 },
};
