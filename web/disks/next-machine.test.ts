import { describe, expect, it } from "vitest";
import type { FileFindings } from "../../src/ts/api/disk-types.ts";
import { parseCommandLine } from "../../src/ts/config/command-line.ts";
import type { GuestProfile } from "../guest-profile.ts";
import { setArguments } from "./kernel-arguments.ts";
import { buildMachine, type NextDisk, type NextParts, type Proposal, proposals, warnings } from "./next-machine.ts";

const STANDARD: GuestProfile = {
  args:
    '-M virt -m 256 -kernel guest/Image -initrd guest/initramfs -append "console=ttyAMA0 quiet" -chardev stdio,id=t,mux=on ' +
    "-serial chardev:t -device virtio-rng-device -device virtio-serial-device -device virtconsole,chardev=t",
  packed: { "guest/Image": "guest/Image.gz" },
};

const NOTHING: FileFindings = {
  role: "disk",
  formats: [],
  summary: "",
  diskSizeBytes: 1 << 20,
  partitionTable: null,
  partitions: [],
  system: null,
  root: null,
  rootArguments: [],
  backing: null,
};

const DEBIAN: FileFindings = {
  ...NOTHING,
  system: {
    title: "Debian GNU/Linux 12 (bookworm)",
    partition: 2,
    architecture: "arm64",
    kernelPath: "/boot/vmlinuz-6.1.0-18-arm64",
    initrdPath: "/boot/initrd.img-6.1.0-18-arm64",
  },
  root: "/dev/vda2",
};

function disk(name: string, findings: FileFindings = NOTHING, role: NextDisk["role"] = "disk"): NextDisk {
  return { key: name.length, file: `disk:${name}`, name, role, findings };
}

function choose(kind: Proposal["kind"], parts: NextParts, current: GuestProfile | null = STANDARD) {
  const beginnings = { current, standard: STANDARD };
  const proposal = proposals(parts, beginnings).find((candidate) => candidate.kind === kind);
  if (proposal === undefined) throw new Error(`no proposal ${kind}`);
  const built = buildMachine(proposal, parts, beginnings);
  return { ...built, proposal, config: parseCommandLine(built.profile.args) };
}

/** Linux names disks of virtio-mmio from the last device on: measured with QEMU 7.2 and Linux 6.1. */
function namesInGuest(args: string): string[] {
  const { devices, drives } = parseCommandLine(args);
  return devices
    .filter(({ name }) => name === "virtio-blk-device")
    .map(({ properties }) => drives.find(({ id }) => id === properties.drive)?.file ?? "")
    .toReversed();
}

describe("adding to the machine that is open", () => {
  it("puts disks behind those that are there, in the order in which they were added", () => {
    const args = `${STANDARD.args} -drive if=none,id=hd0,file=old1 -device virtio-blk-device,drive=hd0 -drive if=none,id=hd2,file=old2 -device virtio-blk-device,drive=hd2,serial=S`;
    const before = namesInGuest(args);
    const { profile, addressable, config } = choose(
      "add",
      { disks: [disk("a"), disk("b", NOTHING, "cdrom")], files: [] },
      { args, packed: {} },
    );
    expect(namesInGuest(profile.args)).toEqual([...before, "disk:a", "disk:b"]);
    expect(config.drives.map(({ id }) => id)).toEqual(["hd0", "hd2", "hd1", "hd3"]);
    expect(config.drives.map(({ readOnly }) => readOnly)).toEqual([false, false, false, true]);
    expect(config.devices.find(({ properties }) => properties.serial === "S")?.properties.drive).toBe("hd2");
    expect(addressable).toBe(true);
  });

  it("does not add a disk twice", () => {
    const once = choose("add", { disks: [disk("a")], files: [] }).profile;
    expect(choose("add", { disks: [disk("a")], files: [] }, once).profile.args).toBe(once.args);
  });

  it("takes a kernel, an initrd and a device tree for those of before, hashes along", () => {
    const content = new Blob(["k"]);
    const args = `${STANDARD.args} -kernel guest/Image,sha256=${"0".repeat(64)} -append "console=ttyAMA0 a=1"`;
    const files = (["kernel", "initrd", "dtb"] as const).map((role) => ({ role, name: "my file, new", content }));
    const { config, profile, addressable } = choose("add", { disks: [], files }, { args, packed: {} });
    expect([config.kernel, config.initrd, config.dtb]).toEqual(
      ["kernel", "initrd", "dtb"].map((role) => `local:${role}/my file, new`),
    );
    expect(config.kernelSha256).toBeNull();
    expect(config.append).toBe("console=ttyAMA0 a=1");
    expect(profile.files?.[config.kernel ?? ""]).toBe(content);
    expect(addressable).toBe(false);
    // What was added before is still there with the next addition.
    const next = choose("add", { disks: [disk("a")], files: [] }, profile);
    expect(next.profile.files).toEqual(profile.files);
    expect(next.addressable).toBe(false);
  });

  it("begins with the page's machine where none is open, and has nothing to say where there is neither", () => {
    const parts = { disks: [disk("a")], files: [] };
    expect(namesInGuest(choose("add", parts, null).profile.args)).toEqual(["disk:a"]);
    expect(proposals(parts, { current: null, standard: null })).toEqual([]);
  });
});

describe("booting the system on a disk", () => {
  const current: GuestProfile = { args: "-m 1G -kernel other -drive file=other.img", packed: {} };
  const parts: NextParts = { disks: [disk("data"), disk("debian", DEBIAN)], files: [] };

  it("with the page's kernel: its disk is the first, root= is its partition, the page's initramfs brings drivers and hands over", () => {
    const { config, profile, proposal, addressable } = choose("boot", parts, current);
    expect(proposal.title).toBe("Boot Debian GNU/Linux 12 (bookworm) with our kernel");
    expect(proposal.reason).toContain("root=/dev/vda2");
    expect(namesInGuest(profile.args)).toEqual(["disk:debian", "disk:data"]);
    expect(config).toMatchObject({
      kernel: "guest/Image",
      initrd: "guest/initramfs",
      append: "console=ttyAMA0 quiet root=/dev/vda2 rw",
    });
    expect(config.title).toBe("Debian GNU/Linux 12 (bookworm)");
    // One login prompt in the terminal.
    expect(config.devices.map(({ name }) => name)).toEqual([
      "virtio-rng-device",
      "virtio-blk-device",
      "virtio-blk-device",
    ]);
    expect(config.ramSizeBytes).toBe(1024 ** 3);
    expect(profile.packed).toEqual(STANDARD.packed);
    expect(addressable).toBe(true);
  });

  it("with what its root needs beside its name", () => {
    const fedora = disk("fedora", { ...DEBIAN, rootArguments: ["rootflags=subvol=root"] });
    const wanted = "root=/dev/vda2 rw rootflags=subvol=root";
    for (const kind of ["boot", "boot-own"] as const) {
      expect(choose(kind, { disks: [fedora], files: [] }, current).config.append).toContain(wanted);
    }
  });

  it("with its own: kernel and initrd are names that the page takes from the disk", () => {
    const { config, proposal, addressable } = choose("boot-own", parts, current);
    expect(proposal.reason).toContain("vmlinuz-6.1.0-18-arm64 and initrd.img-6.1.0-18-arm64");
    expect([config.kernel, config.initrd]).toEqual(["disk:debian/kernel", "disk:debian/initrd"]);
    expect(config.append).toBe("console=ttyAMA0 quiet cryptomgr.notests root=/dev/vda2 rw");
    expect(addressable).toBe(true);
  });

  it("with a kernel that was added", () => {
    const kernel = { role: "kernel", name: "Image.new", content: new Blob([]) } as const;
    const { config, proposal, addressable } = choose("boot", { ...parts, files: [kernel] }, current);
    expect(proposal.title).toContain("with Image.new");
    expect([config.kernel, config.initrd]).toEqual(["local:kernel/Image.new", null]);
    expect(addressable).toBe(false);
  });

  it("is proposed last where no system was found", () => {
    const plain = disk("plain", { ...NOTHING, root: "/dev/vda" });
    const found = proposals({ disks: [plain], files: [] }, { current, standard: STANDARD });
    expect(found.map(({ kind }) => kind)).toEqual(["add", "boot"]);
    expect(found[1]?.title).toBe("Boot from “plain” with our kernel");
    expect(found[1]?.reason).toContain("No system was found");
  });

  it("is proposed first, and not for what cannot run", () => {
    const beginnings = { current, standard: STANDARD };
    expect(proposals(parts, beginnings).map(({ kind }) => kind)).toEqual(["boot", "boot-own", "add"]);
    const { system } = DEBIAN;
    if (system === null) throw new Error("no system");
    const foreign = disk("pc", { ...DEBIAN, system: { ...system, architecture: "x86-64" } });
    expect(proposals({ disks: [foreign], files: [] }, beginnings).map(({ kind }) => kind)).toEqual(["add"]);
    expect(warnings({ disks: [foreign], files: [] })).toEqual([expect.stringContaining("x86-64")]);
    expect(warnings(parts)).toEqual([]);
    expect(proposals({ disks: [disk("cd", DEBIAN, "cdrom")], files: [] }, beginnings).map(({ kind }) => kind)).toEqual([
      "add",
    ]);
  });
});

it("sets kernel arguments as Linux reads them", () => {
  expect(setArguments("console=ttyAMA0 root=/dev/vda1 rootfstype=xfs ro quiet", ["root=/dev/vdb", "rw"])).toBe(
    "console=ttyAMA0 quiet root=/dev/vdb rw",
  );
  expect(setArguments('dyndbg="file a +p" root=/dev/old -- root=/kept', ["root=/dev/new"])).toBe(
    'dyndbg="file a +p" root=/dev/new -- root=/kept',
  );
  expect(setArguments("", ["rw"])).toBe("rw");
});
