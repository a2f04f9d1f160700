// @ts-check
/**
 * Cuts a raw disk image into compressed chunks for a static host, so that a machine loads only what it reads:
 * `npm run split-image -- disk.img out/` writes out/disk.json and the files of out/disk.chunks.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { spawn, spawnSync } from "node:child_process";
import { availableParallelism } from "node:os";
import { basename, extname, join } from "node:path";
import { parseArgs, promisify } from "node:util";
import { gzip } from "node:zlib";
import { runAsScript } from "./lib/main.mjs";

/** What the files' names end with, as src/ts/storage/chunk-set-manifest.ts has it; its test runs this script. */
const suffixes = { zstd: ".zst", gzip: ".gz", none: ".bin" };
/** A read of a few kilobytes loads one chunk: larger ones mean fewer requests and more bytes that nobody reads. */
const defaultChunkKib = 256;
const defaultLevels = { zstd: 15, gzip: 9, none: 0 };

/** @typedef {keyof typeof suffixes} Compression */

/**
 * @typedef {object} SplitOptions
 * @property {number} [chunkBytes] A multiple of 4096.
 * @property {Compression} [compression] zstd where that program is installed, else gzip.
 * @property {number} [level] The compressor's.
 * @property {(doneBytes: number, totalBytes: number) => void} [onProgress]
 */

/** @param {Buffer} bytes @param {number} level @returns {Promise<Buffer>} */
function packZstd(bytes, level) {
  return new Promise((resolve, reject) => {
    const size = `--stream-size=${bytes.length}`;
    const child = spawn("zstd", ["-q", "-c", `-${level}`, "--no-check", size], { stdio: ["pipe", "pipe", "inherit"] });
    /** @type {Buffer[]} */
    const pieces = [];
    child.stdout.on("data", (piece) => pieces.push(piece));
    child.on("error", reject);
    child.stdin.on("error", reject);
    child.on("close", (status) => {
      if (status === 0) resolve(Buffer.concat(pieces));
      else reject(new Error(`zstd ended with status ${status}.`));
    });
    child.stdin.end(bytes);
  });
}

/** @type {Record<Compression, (bytes: Buffer, level: number) => Promise<Buffer>>} */
const packers = {
  zstd: packZstd,
  gzip: async (bytes, level) => await promisify(gzip)(bytes, { level }),
  none: async (bytes) => bytes,
};

/** @returns {Compression} */
function bestCompression() {
  return spawnSync("zstd", ["--version"]).status === 0 ? "zstd" : "gzip";
}

/**
 * Writes the manifest and the chunks; files of chunks that the image no longer has are deleted.
 * @param {string} image A raw disk image. @param {string} folder Made if need be. @param {SplitOptions} [options]
 * @returns {Promise<{ manifest: string, files: number, fileBytes: number }>} Path of the manifest; number and size of the chunks' files.
 */
export async function splitImage(image, folder, options = {}) {
  const { chunkBytes = defaultChunkKib * 1024, compression = bestCompression() } = options;
  const level = options.level ?? defaultLevels[compression];
  if (!Number.isSafeInteger(chunkBytes) || chunkBytes < 4096 || chunkBytes > 2 ** 24 || chunkBytes % 4096 !== 0) {
    throw new Error(`A chunk has 4 to 16384 KiB, a multiple of 4, not ${chunkBytes / 1024}.`);
  }
  const sizeBytes = statSync(image).size;
  if (sizeBytes === 0 || sizeBytes % 512 !== 0) {
    throw new Error(`${image} has ${sizeBytes} bytes, which is no disk of 512-byte sectors.`);
  }
  const name =
    basename(image, extname(image))
      .replace(/[^A-Za-z0-9._-]/g, "-")
      .replace(/^[.-]+/, "") || "disk";
  const chunkFolder = `${name}.chunks`;
  mkdirSync(join(folder, chunkFolder), { recursive: true });
  /** @type {(string | null)[]} */
  const hashes = [];
  /** Sizes of the files, by their hashes. @type {Map<string, number>} */
  const files = new Map();
  const file = await open(image);
  try {
    const head = Buffer.alloc(8);
    await file.read(head, 0, 8, 0);
    if (head.subarray(0, 4).toString("latin1") === "QFI\xfb") {
      throw new Error(`${image} is no raw image: qemu-img convert -O raw ${image} disk.img makes one.`);
    }
    let next = 0;
    const work = async () => {
      for (let index = next++; index * chunkBytes < sizeBytes; index = next++) {
        const chunk = Buffer.alloc(Math.min(chunkBytes, sizeBytes - index * chunkBytes));
        await file.read(chunk, 0, chunk.length, index * chunkBytes);
        hashes[index] = null;
        if (chunk.some((byte) => byte !== 0)) {
          const packed = await packers[compression](chunk, level);
          const hash = createHash("sha256").update(packed).digest("hex");
          hashes[index] = hash;
          files.set(hash, packed.length);
          writeOnce(join(folder, chunkFolder, `${hash}${suffixes[compression]}`), packed, index);
        }
        options.onProgress?.(Math.min(next * chunkBytes, sizeBytes), sizeBytes);
      }
    };
    await Promise.all(Array.from({ length: availableParallelism() }, work));
  } finally {
    await file.close();
  }
  const manifest = join(folder, `${name}.json`);
  const contents = { armletChunkSet: 1, sizeBytes, chunkBytes, compression, folder: chunkFolder, chunks: runs(hashes) };
  writeFileSync(`${manifest}.part`, `${JSON.stringify(contents)}\n`);
  renameSync(`${manifest}.part`, manifest);
  for (const old of readdirSync(join(folder, chunkFolder))) {
    if (!files.has(old.slice(0, -suffixes[compression].length))) rmSync(join(folder, chunkFolder, old));
  }
  return { manifest, files: files.size, fileBytes: [...files.values()].reduce((sum, bytes) => sum + bytes, 0) };
}

/** @param {string} path @param {Buffer} bytes @param {number} index So that two that are alike do not write one file. */
function writeOnce(path, bytes, index) {
  if (existsSync(path)) return;
  writeFileSync(`${path}.${index}.part`, bytes);
  renameSync(`${path}.${index}.part`, path);
}

/** Chunks of zeros in a row are one number. @param {(string | null)[]} hashes */
function runs(hashes) {
  /** @type {(string | number)[]} */
  const entries = [];
  for (const hash of hashes) {
    const last = entries.at(-1);
    if (hash !== null) entries.push(hash);
    else if (typeof last === "number") entries[entries.length - 1] = last + 1;
    else entries.push(1);
  }
  return entries;
}

const usage = `npm run split-image -- [--chunk KIB] [--compression zstd|gzip|none] [--level NUMBER] DISK FOLDER

Cuts a raw disk image into chunks for a static host. -drive file=….json then loads only those that are read.`;

runAsScript(import.meta.url, async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      chunk: { type: "string", default: String(defaultChunkKib) },
      compression: { type: "string" },
      level: { type: "string" },
      help: { type: "boolean", short: "h" },
    },
  });
  const [image, folder] = positionals;
  if (values.help === true || image === undefined || folder === undefined) throw new Error(usage);
  const { compression, level } = values;
  if (compression !== undefined && !Object.hasOwn(suffixes, compression)) throw new Error(usage);
  const { manifest, files, fileBytes } = await splitImage(image, folder, {
    chunkBytes: Number(values.chunk) * 1024,
    ...(compression === undefined ? {} : { compression: /** @type {Compression} */ (compression) }),
    ...(level === undefined ? {} : { level: Number(level) }),
    onProgress(done, total) {
      if (process.stderr.isTTY) process.stderr.write(`\r${Math.floor((done / total) * 100)} % `);
    },
  });
  process.stderr.write(`\r${manifest}: ${files} files, ${(fileBytes / 1e6).toFixed(1)} MB\n`);
});
