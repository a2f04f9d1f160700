/** A function body of a WebAssembly module as text, in the words of `wasm-objdump -d`. */
import { MISC_NAMES, PLAIN_NAMES, SIMD_NAMES } from "./wasm-names.ts";

/** One instruction: where it begins in the body, how deep it nests, its text. */
export interface WasmLine {
  readonly offset: number;
  readonly depth: number;
  readonly text: string;
}

const VALUE_TYPES: Readonly<Record<number, string>> = {
  0x7f: "i32",
  0x7e: "i64",
  0x7d: "f32",
  0x7c: "f64",
  0x7b: "v128",
};
const NO_VALUE = 0x40;
const MISC_PREFIX = 0xfc;
const SIMD_PREFIX = 0xfd;

/** Reads a body's bytes. */
class Reader {
  at = 0;
  readonly #view: DataView;

  constructor(bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get atEnd(): boolean {
    return this.at >= this.#view.byteLength;
  }

  byte(): number {
    this.at += 1;
    return this.#view.getUint8(this.at - 1);
  }

  unsigned(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.byte();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
  }

  signed(): bigint {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = this.byte();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asIntN(Number(shift) + 7, value);
    }
  }

  /** `bytes` of them as a little-endian number in hexadecimal, with all its digits. */
  hex(bytes: number): string {
    const all = Array.from({ length: bytes }, () => this.byte().toString(16).padStart(2, "0"));
    return all.reverse().join("");
  }
}

/** Immediates of a load, a store, an operator of lanes: the order of wasm-objdump is that of the format. */
function memoryArgument(reader: Reader): string {
  const align = reader.unsigned();
  return `${align} ${reader.unsigned()}`;
}

function blockType(reader: Reader): string {
  const type = reader.byte();
  if (type === NO_VALUE) return "";
  return ` ${VALUE_TYPES[type] ?? `type[${type}]`}`;
}

function branchTable(reader: Reader): string {
  return Array.from({ length: reader.unsigned() + 1 }, () => reader.unsigned()).join(" ");
}

/** What follows the name of an instruction of one byte. */
function plainImmediates(name: string, reader: Reader): string {
  if (/^(block|loop|if)$/.test(name)) return blockType(reader);
  if (/^(br|br_if|call|return_call|local\.|global\.|memory\.)/.test(name) && !/indirect|table/.test(name))
    return ` ${reader.unsigned()}`;
  if (name === "br_table") return ` ${branchTable(reader)}`;
  if (/call_indirect$/.test(name)) {
    const type = reader.unsigned();
    return ` ${reader.unsigned()} (type ${type})`;
  }
  if (/\.(load|store)/.test(name)) return ` ${memoryArgument(reader)}`;
  if (name === "i32.const") return ` ${BigInt.asUintN(32, reader.signed())}`;
  if (name === "i64.const") return ` ${reader.signed()}`;
  if (name === "f32.const") return ` 0x${reader.hex(4)}`;
  return name === "f64.const" ? ` 0x${reader.hex(8)}` : "";
}

function vectorImmediates(name: string, reader: Reader): string {
  if (/\.(load|store)\d+_lane$/.test(name)) {
    const argument = memoryArgument(reader);
    return ` ${argument} ${reader.byte()}`;
  }
  if (/\.(load|store)/.test(name)) return ` ${memoryArgument(reader)}`;
  if (/_lane(_[su])?$/.test(name)) return ` ${reader.byte()}`;
  if (name === "v128.const") return ` ${Array.from({ length: 4 }, () => `0x${reader.hex(4)}`).join(" ")}`;
  if (name !== "i8x16.shuffle") return "";
  return ` ${Array.from({ length: 16 }, () => reader.byte()).join(" ")}`;
}

function miscImmediates(name: string, reader: Reader): string {
  if (name === "memory.fill") return ` ${reader.unsigned()}`;
  return name === "memory.copy" ? ` ${reader.unsigned()} ${reader.unsigned()}` : "";
}

function instruction(reader: Reader): string {
  const opcode = reader.byte();
  const prefixed = opcode === MISC_PREFIX || opcode === SIMD_PREFIX;
  const number = prefixed ? reader.unsigned() : opcode;
  const names = opcode === MISC_PREFIX ? MISC_NAMES : opcode === SIMD_PREFIX ? SIMD_NAMES : PLAIN_NAMES;
  const name = names[number];
  if (name === null || name === undefined)
    throw new RangeError(`no WebAssembly instruction has the number ${prefixed ? `${opcode} ` : ""}${number}`);
  if (opcode === MISC_PREFIX) return name + miscImmediates(name, reader);
  return name + (prefixed ? vectorImmediates(name, reader) : plainImmediates(name, reader));
}

/** The locals of a body behind the parameters: how many of which type, in their order. */
function locals(reader: Reader): string[] {
  return Array.from({ length: reader.unsigned() }, () => {
    const count = reader.unsigned();
    const type = reader.byte();
    return `${count} ${VALUE_TYPES[type] ?? String(type)}`;
  });
}

/** Lines of a body as the code section has it, without its length: the locals at offset 0, then the instructions. Throws RangeError. */
export function wasmBody(bytes: Uint8Array): WasmLine[] {
  const reader = new Reader(bytes);
  const lines: WasmLine[] = [{ offset: 0, depth: 0, text: `locals: ${locals(reader).join(", ")}` }];
  let depth = 0;
  while (!reader.atEnd) {
    const offset = reader.at;
    const text = instruction(reader);
    const closes = text === "end" || text === "else";
    if (closes) depth = Math.max(depth - 1, 0);
    lines.push({ offset, depth, text });
    if (text === "else" || /^(block|loop|if)\b/.test(text)) depth += 1;
  }
  return lines;
}
