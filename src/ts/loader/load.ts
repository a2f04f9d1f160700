/** Reads kernels, initrds and device trees from wherever their bytes come from, with progress and a way to stop. */
import { type ByteInput, ByteSource } from "./byte-source.ts";
import { decompress } from "./decompress.ts";
import { LoadError, megabytes } from "./errors.ts";
import { type KernelImage, parseKernel } from "./kernel.ts";

/** How far a file is: bytes read of it, and bytes that came out of it. */
export interface LoadProgress {
  bytesIn: number;
  bytesOut: number;
}

/** How to read a file. */
export interface LoadOptions {
  /** Bytes it may have when it is unpacked: the size of RAM. */
  limitBytes: number;
  signal?: AbortSignal;
  onProgress?(progress: LoadProgress): void;
}

/** Reads a kernel, takes off its compression and recognises it; `ramBase` is the guest-physical address of RAM. */
export async function loadKernel(input: ByteInput, ramBase: number, options: LoadOptions): Promise<KernelImage> {
  return parseKernel(await readAll(input, "kernel", options, decompress), ramBase);
}

/** Reads an initrd as it is: its compression is the guest's business. */
export async function loadInitrd(input: ByteInput, options: LoadOptions): Promise<Uint8Array> {
  return readAll(input, "initrd", options, async (source) => source);
}

async function readAll(
  input: ByteInput,
  what: string,
  { limitBytes, signal, onProgress }: LoadOptions,
  open: (source: ByteSource) => Promise<ByteSource>,
): Promise<Uint8Array> {
  signal?.throwIfAborted();
  const source = ByteSource.from(input);
  const pieces: Uint8Array[] = [];
  let bytesOut = 0;
  let opened = source;
  // A read that waits for the network ends by this, not by the next piece.
  const stop = (): void => void source.cancel();
  signal?.addEventListener("abort", stop);
  try {
    opened = await open(source);
    for (let piece = await opened.next(); piece !== undefined; piece = await opened.next()) {
      signal?.throwIfAborted();
      bytesOut += piece.length;
      if (bytesOut > limitBytes) {
        throw new LoadError(
          `The ${what} is larger than the memory of ${megabytes(limitBytes)}: give the machine more with -m, or take another file.`,
        );
      }
      pieces.push(piece);
      onProgress?.({ bytesIn: source.bytesIn, bytesOut });
    }
    signal?.throwIfAborted();
  } catch (error) {
    // What is cut short by stopping looks like damage to a decoder.
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener("abort", stop);
    await opened.cancel();
    await source.cancel();
  }
  return concat(pieces, bytesOut);
}

function concat(pieces: Uint8Array[], sizeBytes: number): Uint8Array {
  const [only] = pieces;
  if (pieces.length === 1 && only !== undefined) return only;
  const bytes = new Uint8Array(sizeBytes);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}
