/** The device-specific configuration space as a table: offsets, widths, who may write, which feature a field needs. */
import type { Features } from "./features.ts";

/** One field. Offsets and widths in bytes. */
export class ConfigField {
  readonly offset: number;
  readonly width: number;
  /** Feature bit that must be offered for the field to exist, or -1. */
  readonly feature: number;
  readonly isWritable: boolean;

  constructor(offset: number, width: number, feature = -1, isWritable = false) {
    this.offset = offset;
    this.width = width;
    this.feature = feature;
    this.isWritable = isWritable;
  }

  /** The field exists only when `feature` is offered. */
  when(feature: number): ConfigField {
    return new ConfigField(this.offset, this.width, feature, this.isWritable);
  }

  /** The driver may write it. */
  writable(): ConfigField {
    return new ConfigField(this.offset, this.width, this.feature, true);
  }
}

export const u8 = (offset: number): ConfigField => new ConfigField(offset, 1);
export const u16 = (offset: number): ConfigField => new ConfigField(offset, 2);
export const u32 = (offset: number): ConfigField => new ConfigField(offset, 4);
export const u64 = (offset: number): ConfigField => new ConfigField(offset, 8);
export const bytes = (offset: number, width: number): ConfigField => new ConfigField(offset, width);

/** What a driver's write touched: the field, and the first and last of its bytes. */
export interface ConfigWrite {
  readonly field: string;
  readonly first: number;
  readonly last: number;
}

/** The face that a bus needs, whatever the field names are. */
export interface ConfigBytes {
  /** Bytes from 0 to the end of the last field. */
  readonly sizeBytes: number;
  /** Little-endian value of 1, 2 or 4 bytes; bytes that no offered field covers read 0. */
  read(offset: number, size: number, offered: Features): number;
  /** Writes the writable bytes in the range; tells what was touched, and whether any byte was refused. */
  write(offset: number, size: number, value: number, offered: Features): { writes: ConfigWrite[]; refused: boolean };
  /** All bytes, for a saved state. */
  save(): number[];
  load(saved: readonly number[]): void;
  /** The fields with their values, in the order of their offsets. */
  inspect(offered: Features): ConfigFieldValue[];
}

/** A field to be looked at. Offsets and widths in bytes. */
export interface ConfigFieldValue {
  readonly name: string;
  readonly offset: number;
  readonly width: number;
  /** Little-endian number; null for a field of another width than 1, 2, 4 or 8. */
  readonly value: number | null;
  readonly bytes: readonly number[];
  /** The driver may write it. */
  readonly writable: boolean;
  /** The feature that it needs is offered. */
  readonly exists: boolean;
}

/** Configuration space of one device: little-endian, as the modern interface wants and as legacy ARM guests have it. */
export class ConfigSpace<Name extends string> implements ConfigBytes {
  private readonly fields: Readonly<Record<Name, ConfigField>>;
  private readonly view: DataView;
  /** Name of the field that owns each byte. */
  private readonly owner: (Name | null)[];

  constructor(fields: Readonly<Record<Name, ConfigField>>) {
    this.fields = fields;
    const names = Object.keys(fields) as Name[];
    const sizeBytes = names.reduce((end, name) => Math.max(end, fields[name].offset + fields[name].width), 0);
    this.view = new DataView(new ArrayBuffer(sizeBytes));
    this.owner = new Array<Name | null>(sizeBytes).fill(null);
    for (const name of names) {
      const { offset, width } = fields[name];
      this.owner.fill(name, offset, offset + width);
    }
  }

  get sizeBytes(): number {
    return this.view.byteLength;
  }

  get(name: Name): number {
    const { offset, width } = this.fields[name];
    if (width === 1) return this.view.getUint8(offset);
    if (width === 2) return this.view.getUint16(offset, true);
    if (width === 4) return this.view.getUint32(offset, true);
    return this.view.getUint32(offset + 4, true) * 2 ** 32 + this.view.getUint32(offset, true);
  }

  /** Sets a field of 1, 2, 4 or 8 bytes (below 2^53). The caller tells the bus when the driver must notice. */
  set(name: Name, value: number): void {
    const { offset, width } = this.fields[name];
    if (width === 1) this.view.setUint8(offset, value);
    else if (width === 2) this.view.setUint16(offset, value, true);
    else {
      this.view.setUint32(offset, value % 2 ** 32, true);
      if (width === 8) this.view.setUint32(offset + 4, Math.floor(value / 2 ** 32), true);
    }
  }

  private fieldAt(offset: number, offered: Features): ConfigField | null {
    const name = this.owner[offset];
    if (name === null || name === undefined) return null;
    const field = this.fields[name];
    return field.feature < 0 || offered.has(field.feature) ? field : null;
  }

  read(offset: number, size: number, offered: Features): number {
    let value = 0;
    for (let index = 0; index < size; ++index) {
      if (this.fieldAt(offset + index, offered) !== null)
        value += this.view.getUint8(offset + index) * 2 ** (8 * index);
    }
    return value;
  }

  write(offset: number, size: number, value: number, offered: Features): { writes: ConfigWrite[]; refused: boolean } {
    const writes: ConfigWrite[] = [];
    let refused = false;
    for (let index = 0; index < size; ++index) {
      const at = offset + index;
      const field = this.fieldAt(at, offered);
      if (field === null || !field.isWritable) {
        refused = true;
        continue;
      }
      this.view.setUint8(at, (value >>> (8 * index)) & 0xff);
      const name = this.owner[at] as Name;
      const previous = writes.at(-1);
      if (previous?.field === name) writes[writes.length - 1] = { ...previous, last: at - field.offset };
      else writes.push({ field: name, first: at - field.offset, last: at - field.offset });
    }
    return { writes, refused };
  }

  inspect(offered: Features): ConfigFieldValue[] {
    const names = Object.keys(this.fields) as Name[];
    const values = names.map((name) => {
      const { offset, width, feature, isWritable: writable } = this.fields[name];
      const bytes = Array.from(new Uint8Array(this.view.buffer, offset, width));
      const value = [1, 2, 4, 8].includes(width) ? this.get(name) : null;
      return { name, offset, width, value, bytes, writable, exists: feature < 0 || offered.has(feature) };
    });
    return values.sort((a, b) => a.offset - b.offset);
  }

  save(): number[] {
    return Array.from(new Uint8Array(this.view.buffer));
  }

  load(saved: readonly number[]): void {
    for (let index = 0; index < this.sizeBytes; ++index) this.view.setUint8(index, saved[index] ?? 0);
  }
}
