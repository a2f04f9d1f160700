// @ts-check
/** How fast a KeptDisk is over one kind of store with one size of chunks, in a worker of a real browser. */
import { KeptDisk } from "../../src/ts/storage/kept-disk.ts";
import { deleteChunkStore, openChunkStore } from "../../src/ts/storage/open-chunk-store.ts";

const ID = "bench";
const MIB = 1024 * 1024;
const SIZE_BYTES = 96 * MIB;
/** What the block device moves at a time. */
const SLICE_BYTES = 256 * 1024;
const SMALL_BYTES = 4096;
const SMALL_WRITES = 100;

/** @typedef {import("../../src/ts/storage/disk-record.ts").StoreKind} StoreKind */
/** @typedef {{ writeMBs: number, readMBs: number, randomReadUs: number, smallFlushMs: number }} Figures */

/** @param {StoreKind} kind @param {number} chunkBytes @returns {Promise<Figures>} */
async function measure(kind, chunkBytes) {
  await deleteChunkStore(kind, ID);
  const open = async () =>
    KeptDisk.open({ store: await openChunkStore(kind, ID, chunkBytes), base: null, sizeBytes: SIZE_BYTES });
  const slice = new Uint8Array(SLICE_BYTES);
  // As an image is: nothing that a browser could press together.
  for (let at = 0; at < slice.length; at += 65_536) crypto.getRandomValues(slice.subarray(at, at + 65_536));

  let disk = await open();
  const written = await seconds(async () => {
    for (let at = 0; at < SIZE_BYTES; at += SLICE_BYTES) {
      slice[0] = at / SLICE_BYTES;
      await disk.write(at, slice);
    }
    await disk.flush();
  });
  await disk.close();

  disk = await open();
  const read = await seconds(async () => {
    for (let at = 0; at < SIZE_BYTES; at += SLICE_BYTES) await disk.read(at, slice);
  });
  await disk.close();

  disk = await open();
  const small = slice.subarray(0, SMALL_BYTES);
  const random = await seconds(async () => {
    for (let i = 0; i < SMALL_WRITES; i += 1) await disk.read(placeOf(i), small);
  });
  const flushed = await seconds(async () => {
    for (let i = 0; i < SMALL_WRITES; i += 1) {
      await disk.write(placeOf(i + SMALL_WRITES), small);
      await disk.flush();
    }
  });
  await disk.close();
  await deleteChunkStore(kind, ID);
  return {
    writeMBs: SIZE_BYTES / 1e6 / written,
    readMBs: SIZE_BYTES / 1e6 / read,
    randomReadUs: (random * 1e6) / SMALL_WRITES,
    smallFlushMs: (flushed * 1e3) / SMALL_WRITES,
  };
}

/** Places all over the disk, the same each time. @param {number} i */
function placeOf(i) {
  return ((i * 7919) % (SIZE_BYTES / SMALL_BYTES)) * SMALL_BYTES;
}

/** @param {() => Promise<void>} work */
async function seconds(work) {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}

addEventListener("message", async ({ data }) => {
  const { kind, chunkBytes } = data;
  postMessage(await measure(kind, chunkBytes));
});
