import { describe, expect, it } from "vitest";
import { FINDINGS, MemoryDiskLibrary } from "../testing/memory-disk-library.ts";
import { Arrivals, mustCopy, partsOf, stem } from "./arrivals.ts";

function file(name: string, size = 1000): File {
  return new File([new Uint8Array(size)], name);
}

const drop = (...files: File[]) => ({ files, folders: [] });

describe("Arrivals", () => {
  it("finds out what files are and what they become, and makes disks of them in their order", async () => {
    const library = new MemoryDiskLibrary();
    const arrivals = new Arrivals(library);
    const adding = arrivals.add(drop(file("debian.img.xz"), file("data.qcow2")));
    expect(arrivals.list.map(({ phase }) => phase)).toEqual(["looking", "looking"]);
    expect(arrivals.isBusy).toBe(true);
    await adding;
    expect(arrivals.list.map(({ phase, role, name }) => [phase, role, name])).toEqual([
      ["ready", "disk", "debian"],
      ["ready", "disk", "data"],
    ]);
    arrivals.choose(2, { name: "store", role: "cdrom" });
    expect(await arrivals.importAll()).toBe(true);
    expect(library.disks.map(({ name }) => name)).toEqual(["debian", "store"]);
    expect(partsOf(arrivals.list).disks.map(({ file, role }) => [file, role])).toEqual([
      ["disk:id-0", "disk"],
      ["disk:id-1", "cdrom"],
    ]);
    // What is there is not made a second time.
    await arrivals.importAll();
    expect(library.disks).toHaveLength(2);
  });

  it("copies by default what takes a quarter of what is free at most, and always what is packed", async () => {
    const estimate = { usageBytes: 6000, quotaBytes: 10_000, persisted: false };
    const library = new MemoryDiskLibrary({ estimate });
    const arrivals = new Arrivals(library);
    await arrivals.add(drop(file("a", 1000), file("b", 1001)));
    expect(arrivals.list.map(({ copy }) => copy)).toEqual([true, false]);
    library.script.findings = { formats: ["xz", "qcow2"] };
    await arrivals.add(drop(file("c", 1001)));
    expect(arrivals.list[2]?.copy).toBe(true);
    expect(["gzip", "xz", "zstd", "qcow2"].map((format) => mustCopy({ ...FINDINGS, formats: [format] }))).toEqual([
      true,
      true,
      true,
      false,
    ]);
    await arrivals.importAll();
    expect(library.disks.map(({ base }) => base.kind)).toEqual(["none", "file", "none"]);
  });

  it("says of folders, empty files and saved states what they are, and uses none of them", async () => {
    const library = new MemoryDiskLibrary();
    const arrivals = new Arrivals(library);
    await arrivals.add({ files: [file("nothing.img", 0)], folders: ["photos"] });
    library.script.findings = { role: "state" };
    await arrivals.add(drop(file("machine.state")));
    expect(arrivals.list.map(({ phase, failure }) => [phase, failure?.message])).toEqual([
      ["failed", expect.stringContaining("“photos” is a folder")],
      ["failed", expect.stringContaining("“nothing.img” is empty")],
      ["failed", expect.stringContaining("saved state")],
    ]);
    expect(await arrivals.importAll()).toBe(true);
    expect(partsOf(arrivals.list)).toEqual({ disks: [], files: [] });
    expect(library.calls).not.toContain("import");
  });

  it("keeps what the library said of a file that it cannot take, and the others go on", async () => {
    const message = "There is no room left.";
    const library = new MemoryDiskLibrary({ failures: { import: { code: "quota", message, advice: "", url: null } } });
    const arrivals = new Arrivals(library);
    await arrivals.add(drop(file("a"), file("b")));
    expect(await arrivals.importAll()).toBe(false);
    expect(arrivals.list.map(({ phase, failure }) => [phase, failure?.message])).toEqual([
      ["ready", message],
      ["ready", message],
    ]);
    library.script.failures = {};
    arrivals.remove(1);
    expect(await arrivals.importAll()).toBe(true);
    expect(arrivals.list.map(({ failure, disk }) => [failure, disk?.name])).toEqual([[null, "b"]]);
  });

  it("puts changes together with the file that they were made to, whichever came first, and looks at the disk then", async () => {
    const backing = { name: "images/base.img", url: null };
    for (const order of ["changes first", "base first"]) {
      const library = new MemoryDiskLibrary();
      const arrivals = new Arrivals(library);
      const [base, changes] = [file("base.img"), file("base.changes.qcow2")];
      const steps = [
        async () => {
          library.script.findings = { backing };
          await arrivals.add(drop(changes));
        },
        async () => {
          library.script.findings = { backing: null };
          await arrivals.add(drop(file("other.img"), base));
        },
      ];
      for (const step of order === "changes first" ? steps : steps.toReversed()) await step();
      const paired = arrivals.list.find((arrival) => arrival.file === changes);
      expect(paired?.base, order).toBe(base);
      expect(arrivals.list.map((arrival) => arrival.file?.name).sort()).toEqual(["base.changes.qcow2", "other.img"]);
      library.script.findings = { summary: "Debian" };
      expect(await arrivals.importAll()).toBe(true);
      expect(library.bases).toContain(base);
      expect(arrivals.list.find((arrival) => arrival.file === changes)?.findings?.summary).toBe("Debian");
    }
  });

  it("looks at what was packed once more when it is unpacked", async () => {
    const library = new MemoryDiskLibrary({ findings: { formats: ["xz"], summary: "A disk" } });
    const arrivals = new Arrivals(library);
    await arrivals.add(drop(file("a.img.xz")));
    library.script.findings = { summary: "Debian" };
    await arrivals.importAll();
    expect(arrivals.list[0]).toMatchObject({ phase: "ready", findings: { summary: "Debian" }, failure: null });
  });

  it("can cancel one, which leaves it as it was, and end all", async () => {
    const library = new MemoryDiskLibrary();
    library.importing = new Promise(() => {});
    const arrivals = new Arrivals(library);
    await arrivals.add(drop(file("a")));
    const importing = arrivals.importAll();
    await Promise.resolve();
    expect(arrivals.list[0]).toMatchObject({ phase: "importing", progress: { doneBytes: 1, totalBytes: 1000 } });
    arrivals.cancelImport(1);
    expect(await importing).toBe(false);
    expect(arrivals.list[0]).toMatchObject({ phase: "ready", disk: null, failure: null, progress: null });
    const again = arrivals.importAll();
    await Promise.resolve();
    arrivals.clear();
    await again;
    expect(arrivals.list).toEqual([]);
    expect(library.disks).toEqual([]);
  });

  it("takes kernels as they are, and disks that are there already", async () => {
    const library = new MemoryDiskLibrary({ findings: { role: "kernel" } });
    const arrivals = new Arrivals(library);
    const kernel = file("Image");
    await arrivals.add(drop(kernel));
    const disk = library.addDisk("old");
    library.script = { failures: { inspect: { code: "failed", message: "unreadable", advice: "", url: null } } };
    await arrivals.addDisk(disk);
    await arrivals.addDisk(disk);
    expect(partsOf(arrivals.list)).toEqual({
      disks: [{ key: 2, file: "disk:id-0", name: "old", role: "disk", findings: null }],
      files: [{ role: "kernel", name: "Image", content: kernel }],
    });
    expect(await arrivals.importAll()).toBe(true);
  });
});

it("names disks after their files", () => {
  expect(["debian.img.xz", "a.b.qcow2", ".img", "plain", "x.iso"].map(stem)).toEqual([
    "debian",
    "a.b",
    ".img",
    "plain",
    "x",
  ]);
});
