/** What the contract suites say, in Node as in a browser. */

/** A case of a suite. It throws where what it looks at does not keep the contract. */
export interface ContractCase<Subject> {
  readonly name: string;
  run(subject: Subject): Promise<void>;
}

export function same(actual: unknown, expected: unknown, what: string): void {
  const [a, b] = [shown(actual), shown(expected)];
  if (a !== b) throw new Error(`${what}: ${a}, where ${b} is right`);
}

export function sameBytes(actual: Uint8Array, expected: Uint8Array, what: string): void {
  same(actual.length, expected.length, `${what}: length`);
  for (let at = 0; at < expected.length; at++) {
    if (actual[at] !== expected[at]) {
      throw new Error(`${what}: byte ${at} is ${actual[at]}, where ${expected[at]} is right`);
    }
  }
}

function shown(value: unknown): string {
  return JSON.stringify(value) ?? String(value);
}

/** Bytes that differ from chunk to chunk and from place to place. */
export function pattern(length: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let value = (seed * 2654435761) >>> 0;
  for (let at = 0; at < length; at++) {
    value = (Math.imul(value, 1664525) + 1013904223) >>> 0;
    bytes[at] = value >>> 24;
  }
  return bytes;
}
