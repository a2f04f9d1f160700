/** What every disk does: a plain array of bytes is the truth. */
import fc from "fast-check";
import type { BlockBackend } from "../../../virtio/backends.ts";
import { type ContractCase, pattern, same, sameBytes } from "./expectations.ts";

const SECTOR = 512;
/** Not a whole number of chunks, and more than the small cache that a subject should have. */
export const CONTRACT_SECTORS = 400;

export interface DiskSubject {
  /** A disk of CONTRACT_SECTORS that reads as `image` does. */
  open(image: Uint8Array): Promise<BlockBackend>;
  /** The same disk anew, after it was flushed and closed; null where nothing outlives it. */
  reopen(disk: BlockBackend): Promise<BlockBackend | null>;
}

const range = fc
  .tuple(fc.nat(CONTRACT_SECTORS - 1), fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 300 })))
  .map(([sector, count]) => ({ offset: sector * SECTOR, length: Math.min(count, CONTRACT_SECTORS - sector) * SECTOR }));
const kind = fc.constantFrom("write", "write", "write", "read", "read", "zero", "flush", "discard", "reopen", "settle");
const operation = fc.record({ kind, range, seed: fc.nat(1000), wait: fc.boolean() });
type Operation = typeof operation extends fc.Arbitrary<infer Value> ? Value : never;

async function contents(disk: BlockBackend): Promise<Uint8Array> {
  const all = new Uint8Array(CONTRACT_SECTORS * SECTOR);
  await disk.read(0, all);
  return all;
}

/** What a sector may hold after a discard is the disk's choice: the model takes its word. */
async function discard(disk: BlockBackend, model: Uint8Array, { offset, length }: Operation["range"]): Promise<void> {
  await disk.discard(offset, length);
  const after = new Uint8Array(length);
  await disk.read(offset, after);
  for (let at = 0; at < length; at += SECTOR) {
    const sector = after.subarray(at, at + SECTOR);
    if (sector.some((byte) => byte !== 0)) {
      sameBytes(sector, model.subarray(offset + at, offset + at + SECTOR), `sector at ${offset + at} after a discard`);
    }
  }
  model.set(after, offset);
}

async function runSequence(subject: DiskSubject, image: Uint8Array, steps: readonly Operation[]): Promise<void> {
  let disk = await subject.open(image.slice());
  const model = image.slice();
  // Operations of which the guest has not heard yet; none of them meets another.
  let pending: { readonly from: number; readonly to: number; readonly wait: Promise<void> }[] = [];
  const settle = async (): Promise<void> => {
    const waits = pending.map(({ wait }) => wait);
    pending = [];
    await Promise.all(waits);
  };
  for (const step of steps) {
    const { offset, length } = step.range;
    if (pending.some(({ from, to }) => from < offset + length && offset < to)) await settle();
    let wait: void | Promise<void> = undefined;
    if (step.kind === "write") {
      const bytes = pattern(length, step.seed);
      model.set(bytes, offset);
      wait = disk.write(offset, bytes);
      // Taken at once, the bytes are the caller's again.
      if (wait === undefined) bytes.fill(0);
    } else if (step.kind === "zero") {
      model.fill(0, offset, offset + length);
      wait = disk.writeZeroes(offset, length, step.seed % 2 === 0);
    } else if (step.kind === "read") {
      const into = new Uint8Array(length).fill(0xaa);
      const expected = model.slice(offset, offset + length);
      const check = (): void => sameBytes(into, expected, `${length} bytes at ${offset}`);
      wait = disk.read(offset, into);
      if (wait === undefined) check();
      else wait = wait.then(check);
    } else if (step.kind === "flush") wait = disk.flush();
    else {
      await settle();
      if (step.kind === "discard") await discard(disk, model, step.range);
      else if (step.kind === "reopen") disk = (await subject.reopen(disk)) ?? disk;
    }
    if (wait !== undefined) {
      wait.catch(() => {});
      pending.push({ from: offset, to: offset + length, wait });
    }
    if (step.wait) await settle();
  }
  await settle();
  sameBytes(await contents(disk), model, "all of the disk");
  const again = await subject.reopen(disk);
  if (again === null) return;
  sameBytes(await contents(again), model, "all of the disk after it was opened again");
  await subject.reopen(again);
}

export const BLOCK_BACKEND_CONTRACT: readonly ContractCase<DiskSubject>[] = [
  {
    name: "is what a plain array of bytes is, and leaves the image alone",
    async run(subject) {
      const image = pattern(CONTRACT_SECTORS * SECTOR, 77);
      await fc.assert(
        fc.asyncProperty(fc.array(operation, { maxLength: 40 }), async (steps) => {
          await runSequence(subject, image, steps);
        }),
        { numRuns: 40 },
      );
    },
  },
  {
    name: "loses no write of many to one chunk at once",
    async run(subject) {
      const image = pattern(CONTRACT_SECTORS * SECTOR, 78);
      const disk = await subject.open(image.slice());
      const model = image.slice();
      const waits: Promise<void>[] = [];
      for (let sector = 1; sector < 60; sector += 2) {
        const bytes = pattern(SECTOR, sector);
        model.set(bytes, sector * SECTOR);
        waits.push(Promise.resolve(disk.write(sector * SECTOR, bytes)));
      }
      waits.push(Promise.resolve(disk.flush()));
      for (let sector = 2; sector < 60; sector += 4) {
        model.fill(0, sector * SECTOR, (sector + 1) * SECTOR);
        waits.push(Promise.resolve(disk.writeZeroes(sector * SECTOR, SECTOR, false)));
      }
      await Promise.all(waits);
      sameBytes(await contents(disk), model, "all of the disk");
      await disk.flush();
      same(disk.sizeBytes, model.length, "sizeBytes");
      const again = await subject.reopen(disk);
      if (again !== null) sameBytes(await contents(again), model, "all of the disk after it was opened again");
      if (again !== null) await subject.reopen(again);
    },
  },
];
