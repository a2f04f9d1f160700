/**
 * Saved states are plain objects with a name and a version, fit for structured cloning and for JSON. They may come
 * from a stranger, so they are read through a StateReader that names what is wrong.
 */

/** The head of every saved state. */
export interface SavedState {
  readonly name: string;
  readonly version: number;
}

/** A saved state that cannot be loaded; the message says why. The objects it was loaded into are not to be used. */
export class StateError extends Error {
  override readonly name = "StateError";
}

/** Reads one section of a saved state, checking every value. */
export class StateReader {
  private readonly fields: Readonly<Record<string, unknown>>;
  private readonly path: string;

  constructor(value: unknown, path: string) {
    this.path = path;
    if (typeof value !== "object" || value === null || Array.isArray(value)) throw this.error("not a section");
    this.fields = value as Readonly<Record<string, unknown>>;
  }

  /** Opens the state called `name`, of a version up to `version`. */
  static open(value: unknown, name: string, version: number): StateReader {
    const reader = new StateReader(value, name);
    if (reader.fields["name"] !== name) throw reader.error(`it is the state of ${String(reader.fields["name"])}`);
    reader.integer("version", 1, version);
    return reader;
  }

  error(reason: string): StateError {
    return new StateError(`saved state, ${this.path}: ${reason}`);
  }

  integer(field: string, min: number, max: number): number {
    const value = this.fields[field];
    if (typeof value !== "number" || !Number.isInteger(value) || value < min || value > max) {
      throw this.error(`${field} is ${String(value)}, not an integer from ${min} to ${max}`);
    }
    return value;
  }

  boolean(field: string): boolean {
    const value = this.fields[field];
    if (typeof value !== "boolean") throw this.error(`${field} is ${String(value)}, not true or false`);
    return value;
  }

  /** A string, or null where the field is null. */
  text(field: string): string | null {
    const value = this.fields[field];
    if (value !== null && typeof value !== "string") throw this.error(`${field} is not text`);
    return value;
  }

  /** A list of `length` integers from 0 to `max`; any length when `length` is negative. */
  integers(field: string, length: number, max: number): number[] {
    const value = this.fields[field];
    if (!Array.isArray(value) || (length >= 0 && value.length !== length)) throw this.error(`${field} is not a list`);
    return value.map((item: unknown) => {
      if (typeof item !== "number" || !Number.isInteger(item) || item < 0 || item > max) {
        throw this.error(`${field} holds ${String(item)}`);
      }
      return item;
    });
  }

  section(field: string): StateReader {
    return new StateReader(this.fields[field], `${this.path}.${field}`);
  }

  list(field: string): StateReader[] {
    const value = this.fields[field];
    if (!Array.isArray(value)) throw this.error(`${field} is not a list`);
    return value.map((item: unknown, index) => new StateReader(item, `${this.path}.${field}[${index}]`));
  }

  /** The field as it is, for another reader. */
  raw(field: string): unknown {
    return this.fields[field];
  }
}
