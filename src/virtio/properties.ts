/** Device properties: their types, how text becomes a value, and errors that help whoever mistyped one. */

/** An error in what the user asked for; the message is a sentence for the user and nothing was changed. */
export class DeviceOptionError extends Error {
  override readonly name = "DeviceOptionError";
}

/** A value as it comes from a command line (text) or from the API. */
export type PropertyValue = string | number | boolean;

/** One property. Integers may be written decimal or 0x-hexadecimal, sizes with K, M or G. */
export type PropertySpec =
  | { readonly type: "bool"; readonly default: boolean; readonly doc: string }
  | { readonly type: "int"; readonly default: number; readonly min: number; readonly max: number; readonly doc: string }
  | {
      readonly type: "pow2";
      readonly default: number;
      readonly min: number;
      readonly max: number;
      readonly doc: string;
    }
  | { readonly type: "string"; readonly default: string; readonly maxBytes: number; readonly doc: string }
  /** One of a few words. */
  | { readonly type: "choice"; readonly default: string; readonly values: readonly string[]; readonly doc: string }
  /** Known from QEMU, but with one value here; `doc` says why. */
  | { readonly type: "fixed"; readonly default: string; readonly doc: string }
  /** The id of something defined elsewhere: a drive, a character device, a random source. */
  | { readonly type: "id"; readonly required: boolean; readonly doc: string };

export type PropertyTable = Readonly<Record<string, PropertySpec>>;

/** A property of QEMU's that changes nothing here; `why` follows "accepted for QEMU's sake". */
export function accepted(type: "bool", value: boolean, why: string): PropertySpec;
export function accepted(type: "int", value: number, why: string): PropertySpec;
export function accepted(type: "string", value: string, why: string): PropertySpec;
export function accepted(type: "bool" | "int" | "string", value: PropertyValue, why: string): PropertySpec {
  const doc = `accepted for QEMU's sake: ${why}`;
  if (type === "bool") return { type, default: value === true, doc };
  if (type === "int") return { type, default: Number(value), min: -1, max: 0xffff_ffff, doc };
  return { type, default: String(value), maxBytes: 255, doc };
}

/** Values of every property of a table: given, or defaults. */
export class PropertyValues {
  private readonly owner: string;
  private readonly values: ReadonlyMap<string, PropertyValue>;

  constructor(owner: string, values: ReadonlyMap<string, PropertyValue>) {
    this.owner = owner;
    this.values = values;
  }

  private get(name: string): PropertyValue {
    const value = this.values.get(name);
    if (value === undefined) throw new Error(`${this.owner} has no property ${name}`);
    return value;
  }

  bool(name: string): boolean {
    return this.get(name) === true;
  }

  int(name: string): number {
    return Number(this.get(name));
  }

  string(name: string): string {
    return String(this.get(name));
  }
}

const TRUE = ["on", "yes", "true", "y"];
const FALSE = ["off", "no", "false", "n"];
const SIZE_SUFFIXES = ["k", "m", "g", "t"];

function parseInteger(value: PropertyValue): number {
  if (typeof value === "number") return value;
  const match = /^(-?\d+|0x[0-9a-f]+)([kmgt]?)$/i.exec(String(value).trim());
  if (match === null) return Number.NaN;
  return Number(match[1]) * 1024 ** (SIZE_SUFFIXES.indexOf((match[2] ?? "").toLowerCase()) + 1);
}

/** Converts and checks one value; `where` names device and property. */
export function parseProperty(where: string, spec: PropertySpec, value: PropertyValue): PropertyValue {
  switch (spec.type) {
    case "bool": {
      if (typeof value === "boolean") return value;
      const text = String(value).toLowerCase();
      if (TRUE.includes(text)) return true;
      if (FALSE.includes(text)) return false;
      throw new DeviceOptionError(`${where} is on or off, not "${value}".`);
    }
    case "int":
    case "pow2": {
      const number = parseInteger(value);
      if (!Number.isInteger(number) || number < spec.min || number > spec.max) {
        throw new DeviceOptionError(`${where} is a number from ${spec.min} to ${spec.max}, not "${value}".`);
      }
      if (spec.type === "pow2" && !Number.isInteger(Math.log2(number))) {
        throw new DeviceOptionError(`${where} is a power of two, not "${value}".`);
      }
      return number;
    }
    case "string": {
      const text = String(value);
      if (new TextEncoder().encode(text).length > spec.maxBytes) {
        throw new DeviceOptionError(`${where} has at most ${spec.maxBytes} bytes, not "${value}".`);
      }
      return text;
    }
    case "choice": {
      const text = spec.values.includes(String(value)) ? String(value) : switchWord(value);
      if (spec.values.includes(text)) return text;
      throw new DeviceOptionError(`${where} is ${spec.values.join(" or ")}, not "${text}".`);
    }
    case "fixed": {
      const text = switchWord(value);
      if (text === spec.default) return text;
      throw new DeviceOptionError(`${where} is ${spec.default} here, not "${value}": ${spec.doc}.`);
    }
    case "id":
      return String(value);
  }
}

/** The text of a value, with one word for each position of a switch. */
function switchWord(value: PropertyValue): string {
  const text = String(value);
  if (TRUE.includes(text.toLowerCase())) return "on";
  return FALSE.includes(text.toLowerCase()) ? "off" : text;
}

/**
 * Fills in a table: given values, then `defaults` (rows of a machine version), then the table's own. An unknown name
 * is an error that says which ones there are.
 */
export function resolveProperties(
  owner: string,
  table: PropertyTable,
  given: Readonly<Record<string, PropertyValue>>,
  defaults: Readonly<Record<string, PropertyValue>> = {},
): PropertyValues {
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(table, name))
      throw new DeviceOptionError(unknownName(`${owner} has no property`, name, Object.keys(table)));
  }
  const values = new Map<string, PropertyValue>();
  for (const [name, spec] of Object.entries(table)) {
    const where = `${owner}: ${name}`;
    const value = given[name] ?? defaults[name];
    if (value !== undefined) values.set(name, parseProperty(where, spec, value));
    else if (spec.type !== "id") values.set(name, spec.default);
    else if (spec.required) throw new DeviceOptionError(`${owner} needs ${name}=… (${spec.doc}).`);
    else values.set(name, "");
  }
  return new PropertyValues(owner, values);
}

/** Edits (insertions, deletions, substitutions, swaps of neighbours) between two words, case ignored. */
export function editDistance(a: string, b: string): number {
  const left = a.toLowerCase();
  const right = b.toLowerCase();
  let older: number[] = [];
  let previous = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let row = 1; row <= left.length; ++row) {
    const current = [row];
    for (let column = 1; column <= right.length; ++column) {
      const same = left[row - 1] === right[column - 1];
      let best = Math.min(
        (previous[column] as number) + 1,
        (current[column - 1] as number) + 1,
        (previous[column - 1] as number) + (same ? 0 : 1),
      );
      const swapped =
        row > 1 && column > 1 && left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1];
      if (swapped) best = Math.min(best, (older[column - 2] as number) + 1);
      current.push(best);
    }
    older = previous;
    previous = current;
  }
  return previous[right.length] as number;
}

/** The known names most like `name`: at most three, and only when they are like it at all. */
export function nearestNames(name: string, known: readonly string[]): string[] {
  return known
    .map((candidate) => ({ candidate, distance: editDistance(name, candidate) }))
    .filter(
      ({ candidate, distance }) => distance <= Math.max(2, Math.floor(Math.max(name.length, candidate.length) / 3)),
    )
    .sort((a, b) => a.distance - b.distance)
    .slice(0, 3)
    .map(({ candidate }) => candidate);
}

/** A sentence about an unknown name: `what` it was meant to be, the nearest names, and all of them. */
export function unknownName(what: string, name: string, known: readonly string[]): string {
  const near = nearestNames(name, known);
  const hint = near.length > 0 ? ` Did you mean ${near.map((item) => `"${item}"`).join(" or ")}?` : "";
  return `${what} "${name}".${hint} Known: ${[...known].sort().join(", ")}.`;
}
