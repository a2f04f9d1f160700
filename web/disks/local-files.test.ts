import { expect, it } from "vitest";
import { MemoryDiskLibrary } from "../testing/memory-disk-library.ts";
import { localFiles, namesKeptDisks } from "./local-files.ts";

const kernel = new Blob(["kernel"]);
const initrd = new Blob(["initrd"]);

it("takes kernel and initrd from the disk that the command line names, once", async () => {
  const library = new MemoryDiskLibrary({ bootFiles: { kernel, initrd, append: "" } });
  const file = new File(["x"], "x.img");
  await library.giveFile("a-1", file);
  const args = "-kernel disk:a-1/kernel -initrd disk:a-1/initrd -drive file=disk:a-1";
  expect(namesKeptDisks(args)).toBe(true);
  expect(await localFiles(args, library)).toEqual({
    "disk:a-1": file,
    "disk:a-1/kernel": kernel,
    "disk:a-1/initrd": initrd,
  });
  expect(library.calls).toEqual(["bootFiles"]);
});

it("asks for nothing that is not named", async () => {
  const library = new MemoryDiskLibrary();
  expect(await localFiles("-kernel Image -drive file=disk:a", library)).toEqual({});
  expect(library.calls).toEqual([]);
});

it("says what is not on the disk", async () => {
  const library = new MemoryDiskLibrary({ bootFiles: { kernel, initrd: null, append: "" } });
  await expect(localFiles("-initrd disk:a/initrd", library)).rejects.toThrow("No initial file system");
  library.script.bootFiles = null;
  await expect(localFiles("-kernel disk:a/kernel", library)).rejects.toThrow("No kernel");
});
