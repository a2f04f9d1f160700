/** What the engine's lockstep (src/wasm/jit/lockstep.ts) found to differ, as text to be copied into a report. */
import * as state from "../../wasm/cpu/state.ts";
import { GUEST_RAM_BASE, RAM_BASE } from "../../wasm/layout.ts";
import { disassemble } from "../debug/disassembler.ts";

/** Compiled code did otherwise than the interpreter: a mistake of ours. */
export class LockstepError extends Error {
  override readonly name = "LockstepError";
}

/** A word of the CPU's state or a byte of memory: before the region, as the region left it, as the interpreter did. */
type Values = readonly [before: number, compiled: number, interpreted: number];

/** How a region is left, by number (src/wasm/jit/exits.ts). */
const LEFT = ["at a branch or its end", "in front of an instruction for the interpreter", "behind a handler"];

/** More bytes than that say nothing new. */
const MOST_BYTES = 256;

const hex = (value: number | bigint, digits: number): string => value.toString(16).padStart(digits, "0");

/** Fields of a CPU's state by offset. */
const FIELDS = Object.entries(state)
  .flatMap(([name, value]) =>
    name.startsWith("CPU_") && !name.endsWith("_SIZE") && typeof value !== "function"
      ? [{ name: name.slice(4), offset: Number(value) }]
      : [],
  )
  .sort((a, b) => a.offset - b.offset);

/** Name of the 32 bits of the CPU's state at byte `offset`, with the ARM ARM's notation for parts of a register. */
export function stateName(offset: number): string {
  const index = FIELDS.findLastIndex((field) => field.offset <= offset);
  const field = FIELDS[index];
  if (field === undefined) return `state+0x${hex(offset, 1)}`;
  const inside = offset - field.offset;
  const part = (byte: number): string => `<${8 * byte + 31}:${8 * byte}>`;
  if (field.name === "X") return `X${inside >> 3}${part(inside & 7)}`;
  if (field.name === "V") return `V${inside >> 4}${part(inside & 15)}`;
  if (inside >= 16) return `${field.name}+0x${hex(inside, 1)}`;
  const next = FIELDS[index + 1];
  return next !== undefined && next.offset - field.offset === 4 ? field.name : `${field.name}${part(inside)}`;
}

/** Collects what the engine says of one difference. */
export class LockstepReport {
  readonly #state = new Map<number, Values>();
  readonly #memory = new Map<number, Values>();
  readonly #code = new Map<number, number>();

  /** What the engine imports (src/wasm/host.ts); the last one throws LockstepError. */
  readonly imports = {
    lockstep_state: (offset: number, ...values: Values): void => {
      this.#state.set(offset, values);
    },
    lockstep_memory: (address: number, ...values: Values): void => {
      this.#memory.set(address >>> 0, values);
    },
    lockstep_instruction: (offset: number, word: number): void => {
      this.#code.set(offset, word >>> 0);
    },
    lockstep_failed: (pcLow: number, pcHigh: number, compiled: number, interpreted: number, left: number): never => {
      const pc = (BigInt(pcHigh >>> 0) << 32n) | BigInt(pcLow >>> 0);
      const done =
        compiled === interpreted ? `${compiled}` : `${compiled}, of which the interpreter did ${interpreted}`;
      throw new LockstepError(
        [
          "compiled code did otherwise than the interpreter",
          `region at 0x${hex(pc, 16)}, left ${LEFT[left] ?? String(left)}`,
          `instructions: ${done}`,
          ...this.#differences(),
          "code of the region:",
          ...this.#listing(pc),
        ].join("\n"),
      );
    },
  };

  #differences(): string[] {
    const heading = ["", "before", "compiled", "interpreted"];
    const rows = [...this.#state].map(([offset, values]) => [
      stateName(offset),
      ...values.map((value) => hex(value >>> 0, 8)),
    ]);
    const bytes = [...this.#memory].sort(([a], [b]) => a - b);
    for (const [address, values] of bytes.slice(0, MOST_BYTES)) {
      const gpa = BigInt(address - Number(RAM_BASE)) + BigInt(GUEST_RAM_BASE);
      rows.push([`memory 0x${hex(gpa, 8)}`, ...values.map((value) => hex(value, 2))]);
    }
    const lines = [heading, ...rows].map((row) =>
      row
        .map((cell, column) => cell.padEnd(column === 0 ? 24 : 12))
        .join("")
        .trimEnd(),
    );
    if (bytes.length > MOST_BYTES) lines.push(`and ${bytes.length - MOST_BYTES} more bytes`);
    return lines;
  }

  #listing(pc: bigint): string[] {
    const page = pc & ~0xfffn;
    return [...this.#code].map(([offset, word]) => {
      const address = page + BigInt(offset);
      return `${address === pc ? ">" : " "} ${hex(address, 16)}: ${hex(word, 8)}  ${disassemble(word, address)}`;
    });
  }
}
