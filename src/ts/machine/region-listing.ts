/** `-d jit`: the guest code of a region beside the WebAssembly that the compiler has made of it. */
import { disassemble } from "../debug/disassembler.ts";
import { type WasmLine, wasmBody } from "../debug/wasm-body.ts";

/** Place of what belongs to no instruction: the region's end. */
const END = -1;
/** Characters of the guest's column. */
const GUEST_WIDTH = 64;

interface Mark {
  /** Offset in the page, or END. */
  readonly place: number;
  readonly word: number;
  /** Where its WebAssembly begins in the function's body. */
  readonly offset: number;
}

/** Collects what the engine says of a region, and gives its text to `print`. */
export class RegionListing {
  readonly #memory: WebAssembly.Memory;
  readonly #print: (text: string) => void;
  #marks: Mark[] = [];

  constructor(memory: WebAssembly.Memory, print: (text: string) => void) {
    this.#memory = memory;
    this.#print = print;
  }

  /** What the engine imports (src/wasm/host.ts). */
  readonly imports = {
    jit_listed_at: (place: number, word: number, offset: number): void => {
      this.#marks.push({ place, word: word >>> 0, offset });
    },
    jit_listed: (pcLow: number, pcHigh: number, address: number, length: number): void => {
      const pc = (BigInt(pcHigh >>> 0) << 32n) | BigInt(pcLow >>> 0);
      const body = new Uint8Array(this.#memory.buffer, address >>> 0, length);
      const marks = this.#marks;
      this.#marks = [];
      this.#print(regionText(pc, marks, body));
    },
  };
}

function guestText({ place, word }: Mark, page: bigint): string {
  if (place === END) return "end of the region";
  const address = page + BigInt(place);
  return `${address.toString(16).padStart(16, "0")}: ${word.toString(16).padStart(8, "0")}  ${disassemble(word, address)}`;
}

function wasmText({ depth, text }: WasmLine): string {
  return "  ".repeat(depth) + text;
}

/** The listing: each instruction of the guest stands beside the first of its own. */
function regionText(pc: bigint, marks: readonly Mark[], body: Uint8Array): string {
  const page = pc & ~0xfffn;
  const instructions = marks.filter(({ place }) => place !== END).length;
  const lines = wasmBody(body);
  const rows = [`region at 0x${pc.toString(16)}: ${instructions} instructions, ${body.length} bytes of WebAssembly`];
  const pieces = [{ guest: "begin of the region", offset: 0 }].concat(
    marks.map((mark) => ({ guest: guestText(mark, page), offset: mark.offset })),
  );
  pieces.forEach(({ guest, offset }, index) => {
    const end = pieces[index + 1]?.offset ?? body.length;
    const own = lines.filter((line) => line.offset >= offset && line.offset < end);
    rows.push(`${guest.padEnd(GUEST_WIDTH)}| ${own[0] === undefined ? "" : wasmText(own[0])}`.trimEnd());
    for (const line of own.slice(1)) rows.push(`${" ".repeat(GUEST_WIDTH)}| ${wasmText(line)}`);
  });
  return rows.join("\n");
}
