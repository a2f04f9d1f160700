/** Files in and out of a machine's trees. */
import { expect, it } from "vitest";
import { MemoryTree } from "../files/memory-tree.ts";
import { FailureError } from "../protocol/failure.ts";
import { MachineFiles } from "../api/machine-files.ts";
import { answerFiles } from "./shared-files.ts";

it("are written, listed, read and removed by their paths", async () => {
  const tree = new MemoryTree();
  const files = new MachineFiles("fs0", (_, action) => answerFiles(tree, action));
  await files.writeFile("a/b/file.txt", "text");
  await files.writeFile("a/b/file.txt", "other");
  await files.makeFolder("a/empty");
  await files.makeFolder("a/empty");
  tree.makeLink(["a", "link"], "b", { mode: 0o777, uid: 0, gid: 0 });
  expect((await files.list("a")).map(({ name, kind }) => [name, kind])).toEqual([
    ["b", "folder"],
    ["empty", "folder"],
    ["link", "link"],
  ]);
  expect(await files.list("a/b")).toMatchObject([{ name: "file.txt", kind: "file", sizeBytes: 5 }]);
  expect(await (await files.readFile("/a/b/file.txt")).text()).toBe("other");
  const large = new Uint8Array(3_000_000).map((_, index) => index & 0xff);
  await files.writeFile("large", large);
  const back = new Uint8Array(await (await files.readFile("large")).arrayBuffer());
  expect(back.length === large.length && back.every((byte, index) => byte === large[index])).toBe(true);
  await files.remove("a/b/file.txt");
  await files.remove("a/b");
  expect(await files.list("a")).toHaveLength(2);
  for (const [work, message] of [
    [() => files.readFile("none"), "There is no such file"],
    [() => files.readFile("a"), "It is a folder"],
    [() => files.readFile("a/link"), "symbolic link"],
    [() => files.writeFile("large/x", "y"), "no folder"],
    [() => files.remove("a"), "not empty"],
    [() => files.list("../.."), "EINVAL"],
  ] as const) {
    const error = await work().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(FailureError);
    expect((error as FailureError).failure.message).toContain(message);
  }
});
