import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parseCommandLine, readCommandLine } from "./command-line.ts";
import { ConfigError } from "./config-error.ts";
import { optionsMarkdown } from "./help.ts";
import { DEFAULT_CONFIG, type MachineConfig } from "./machine-config.ts";
import { OPTION_GROUPS, OPTIONS } from "./options/options.ts";
import { VERSION } from "./version.ts";

const MIB = 2 ** 20;
const HASH = "0123456789abcdef".repeat(4);
const parse = parseCommandLine;
const text = (args: string): string => {
  const read = readCommandLine(args);
  if (read.kind !== "text") throw new Error(`${args} is a machine`);
  return read.text;
};

describe("a command line", () => {
  it("of no words is the default machine", () => {
    expect(parse("")).toEqual(DEFAULT_CONFIG);
    expect(parse([])).toEqual(DEFAULT_CONFIG);
  });

  it("names a whole machine", () => {
    const config = parse(
      `-M virt,gic-version=3,armlet=1.0 -cpu cortex-a57 -m 1G -smp 1 -kernel Image.gz -initrd 'my initrd,sha256=${HASH}' -append "console=ttyAMA0 a=\\"b\\"" -dtb f.dtb
       -object rng-random,id=r,filename=/dev/urandom -chardev stdio,id=t,mux=on -serial chardev:t
       -drive if=none,id=hd0,file=a,,b.img,format=raw,snapshot=on -drive if=none,id=hd1,file=x=y.img,readonly=on,sha256=${HASH.toUpperCase()}
       -device virtio-blk-device,drive=hd0,serial=A1 -device virtio-blk-device,drive=hd1
       -device virtio-rng-device,rng=r -device virtio-serial-device,id=s -device virtconsole,chardev=t,bus=s.0
       -nographic -no-reboot -d unimp,guest_errors -accel tcg,thread=single -name guest -rtc base=utc -armlet 'title=My,type=ls,, ok\\n' -armlet 'type=\\x03\\u{1f600}'`,
    );
    expect(config).toEqual({
      machine: "virt",
      gicVersion: 3,
      its: true,
      highmem: true,
      armletVersion: "1.0",
      cpu: "cortex-a57",
      cpuCount: 1,
      ramSizeBytes: 1024 * MIB,
      kernel: "Image.gz",
      kernelSha256: null,
      initrd: "my initrd",
      initrdSha256: HASH,
      append: 'console=ttyAMA0 a="b"',
      dtb: "f.dtb",
      dtbSha256: null,
      randomSources: [{ id: "r" }],
      netdevs: [],
      captures: [],
      fsdevs: [],
      chardevs: [{ id: "t", kind: "stdio" }],
      monitor: null,
      drives: [
        { id: "hd0", file: "a,b.img", format: "raw", sha256: null, media: "disk", snapshot: true, readOnly: false },
        { id: "hd1", file: "x=y.img", format: null, sha256: HASH, media: "disk", snapshot: false, readOnly: true },
      ],
      devices: [
        { name: "virtio-blk-device", properties: { drive: "hd0", serial: "A1" } },
        { name: "virtio-blk-device", properties: { drive: "hd1" } },
        { name: "virtio-rng-device", properties: { rng: "r" } },
        { name: "virtio-serial-device", properties: { id: "s" } },
        { name: "virtconsole", properties: { chardev: "t", bus: "s.0" } },
      ],
      serial: "stdio",
      nographic: true,
      noDefaults: false,
      noReboot: true,
      accelerator: "tcg",
      log: ["guest_errors", "unimp"],
      title: "My",
      typed: ["ls, ok\n", "\x03😀"],
    } satisfies MachineConfig);
  });

  it("takes words as a shell hands them over", () => {
    expect(parse(["-append", "a  'b' \"c\" \\", "-kernel", "my kernel"])).toMatchObject({
      append: "a  'b' \"c\" \\",
      kernel: "my kernel",
    });
  });

  it("takes two dashes for one, and the last of what is given twice", () => {
    expect(parse("--kernel a -kernel b -m 64 -m 128 -M virt,gic-version=3 -M virt")).toMatchObject({
      kernel: "b",
      ramSizeBytes: 128 * MIB,
      gicVersion: 3,
    });
  });

  it("says that a quotation mark is not closed", () => {
    expect(() => parse('-append "a b')).toThrow('The command line has a " that is not closed.');
  });
});

describe("-m", () => {
  // The sizes of qemu-system-aarch64 7.2, from /memory@40000000 in its device tree.
  it.each([
    ["256", 0x1000_0000],
    ["1G", 0x4000_0000],
    ["1.5G", 0x6000_0000],
    ["512m", 0x2000_0000],
    ["0.5g", 0x2000_0000],
    ["65536k", 0x400_0000],
    ["0x40", 0x400_0000],
    ["100M", 0x640_0000],
    ["size=64", 0x400_0000],
  ])("%s is %i bytes, as in QEMU", (size, bytes) => {
    expect(parse(["-m", size]).ramSizeBytes).toBe(bytes);
  });

  it("0 is the default", () => {
    expect(parse("-m 0").ramSizeBytes).toBe(DEFAULT_CONFIG.ramSizeBytes);
  });

  it("is rounded up to what the engine's memory comes in", () => {
    expect(parse("-m 100001b").ramSizeBytes).toBe(2 * 0x1_0000);
  });

  it.each(["-1", "much", "1X", "", "1e3", "99999999999G"])("%s is refused", (size) => {
    expect(() => parse(["-m", size])).toThrow(/^-m /);
  });
});

describe("drives", () => {
  it("with if=scsi bring a disk or CD drive of their number, and a host unless there is one", () => {
    const { devices } = parse("-drive if=scsi,index=3,file=a.iso,media=cdrom -drive if=scsi,file=b.img");
    expect(devices).toEqual([
      { name: "virtio-scsi-device", properties: {} },
      { name: "scsi-hd", properties: { drive: "scsi0", "scsi-id": "0" } },
      { name: "scsi-cd", properties: { drive: "scsi3", "scsi-id": "3" } },
    ]);
    const own = parse("-device virtio-scsi-pci,id=s0 -drive if=scsi,file=a");
    expect(own.devices.map(({ name }) => name)).toEqual(["virtio-scsi-pci", "scsi-hd"]);
    expect(() => parse("-drive if=scsi,index=256,file=a")).toThrow("from 0 to 255");
  });

  it("QEMU's words for SCSI disks name the host, the drive and the place", () => {
    const words =
      "-device virtio-scsi-pci,id=scsi0,num_queues=2 -drive if=none,id=hd0,file=a -device scsi-hd,bus=scsi0.0,drive=hd0,scsi-id=1,lun=2,serial=S1";
    const properties = { bus: "scsi0.0", drive: "hd0", "scsi-id": "1", lun: "2", serial: "S1" };
    expect(parse(words).devices[1]).toEqual({ name: "scsi-hd", properties });
    expect(() => parse("-device scsi-hd,drive=hd9")).toThrow('no drive with the id "hd9"');
    expect(() => parse("-device scsi-hd")).toThrow("scsi-hd needs drive=");
    expect(() => parse("-device scsi-disk,drive=x")).toThrow("scsi-disk");
  });

  it("with if=virtio, or without it, bring a device, after those that are named", () => {
    const { drives, devices } = parse("-drive file=a.img -drive if=virtio,file=b.img -device virtio-rng-device");
    expect(drives.map(({ id }) => id)).toEqual(["virtio0", "virtio1"]);
    expect(devices).toEqual([
      { name: "virtio-rng-device", properties: {} },
      { name: "virtio-blk-device", properties: { drive: "virtio0" } },
      { name: "virtio-blk-device", properties: { drive: "virtio1" } },
    ]);
  });

  it("all keep their images untouched with -snapshot, wherever it stands", () => {
    expect(parse("-snapshot -drive file=a -drive file=b").drives.map(({ snapshot }) => snapshot)).toEqual([true, true]);
  });

  it("have the numbers that QEMU gives them", () => {
    // "info block" of qemu-system-aarch64 7.2 with these words: virtio2, virtio1, virtio0, virtio3.
    const { drives, devices } = parse("-cdrom x,y.iso -hdb b -hda a -drive file=c");
    expect(drives.map(({ id, file, media, readOnly }) => [id, file, media, readOnly])).toEqual([
      ["virtio2", "x,y.iso", "cdrom", true],
      ["virtio1", "b", "disk", false],
      ["virtio0", "a", "disk", false],
      ["virtio3", "c", "disk", false],
    ]);
    expect(devices.map(({ properties }) => properties.drive)).toEqual(["virtio2", "virtio1", "virtio0", "virtio3"]);
  });

  it("are what their first bytes say unless a format is given", () => {
    const formats = parse("-drive file=a -drive file=b,format=raw -drive file=c,format=qcow2").drives;
    expect(formats.map(({ format }) => format)).toEqual([null, "raw", "qcow2"]);
  });

  it("have flags that need no value", () => {
    expect(parse("-drive file=a,snapshot,readonly").drives[0]).toMatchObject({ snapshot: true, readOnly: true });
  });
});

describe("the serial port", () => {
  it.each([
    ["", "stdio"],
    ["-serial stdio", "stdio"],
    ["-serial mon:stdio", "stdio"],
    ["-nographic", "stdio"],
    ["-serial none", "none"],
    ["-serial null -serial none", "none"],
    ["-nodefaults", "none"],
    ["-nodefaults -serial stdio", "stdio"],
    ["-serial chardev:n -chardev null,id=n", "none"],
    ["-serial chardev:n -chardev stdio,id=n", "stdio"],
  ])("with %j is %s", (args, serial) => {
    expect(parse(args).serial).toBe(serial);
  });
});

describe("character devices and the monitor", () => {
  it("are read as QEMU reads them, in its older spelling too", () => {
    const { chardevs, monitor } = parse(
      "-chardev socket,id=a,path=/tmp/a,server=on,wait=off -chardev socket,id=b,path=b,server,nowait -chardev socket,id=c,path=c " +
        "-chardev pipe,id=d,path=/tmp/d -chardev file,id=e,path=e,,f -monitor unix:/tmp/m,server,nowait",
    );
    expect(chardevs).toEqual([
      { id: "a", kind: "socket", path: "/tmp/a", server: true, wait: false },
      { id: "b", kind: "socket", path: "b", server: true, wait: false },
      { id: "c", kind: "socket", path: "c", server: false, wait: false },
      { id: "d", kind: "pipe", path: "/tmp/d" },
      { id: "e", kind: "file", path: "e,f" },
      { id: "compat_monitor0", kind: "socket", path: "/tmp/m", server: true, wait: false },
    ]);
    expect(monitor).toBe("compat_monitor0");
    expect(parse("-chardev stdio,id=t -mon chardev=t,mode=readline").monitor).toBe("t");
    expect(parse("-monitor none").monitor).toBe(null);
    expect(parse("-chardev socket,id=w,path=w,server=on").chardevs).toMatchObject([{ wait: true }]);
  });
});

describe("a mistake", () => {
  it.each([
    ["-kernal Image", /There is no option -kernal\. Did you mean "-kernel"/],
    ["Image", /"Image" is no option/],
    ["-kernel", /-kernel needs a value: -kernel FILE/],
    ["-M vitr", /-M cannot be "vitr"\. Did you mean "virt"/],
    ["-M raspi3b", /-M cannot be "raspi3b"\. Known: virt/],
    ["-M virt,gic-verson=3", /has no property "gic-verson"\. Did you mean "gic-version"/],
    ["-M virt,gic-version=4", /gic-version cannot be "4"/],
    ["-M virt,gic-version=toString", /gic-version cannot be "toString"/],
    ["-M virt,armlet=9.0", /armlet cannot be "9.0"\..*Known: 1\.0/],
    ["-M virt,virtualization=on", /virtualization cannot be "on"/],
    ["-M virt,accel=kvm", /emulated/],
    ["-cpu cortex-a53", /-cpu cannot be "cortex-a53"\. Did you mean "cortex-a57"/],
    ["-cpu cortex-a57,pmu=off", /no properties/],
    ["-smp 2", /one CPU for now/],
    ["-smp cores=4", /one CPU for now/],
    ["-smp zero", /number from 1/],
    ["-smp core=1", /has no property "core"\. Did you mean "cores"/],
    ["-accel kvm", /emulated/],
    ["-d guest_errors,jit -accel interp", /-d jit looks at compiled code, and -accel interp compiles nothing/],
    ["-d lockstep -accel interp", /-accel interp compiles nothing: leave one of them out/],
    ["-d lokstep", /-d cannot be "lokstep"\. Did you mean "lockstep"/],
    ["-rtc base=localtime", /base cannot be "localtime"/],
    ["-drive id=a", /needs the disk image/],
    ["-drive fil=a", /-drive has no property "fil"\. Did you mean "file"/],
    ["-drive file=a,if=ide", /-drive if cannot be "ide"/],
    ["-drive file=a,format=qcow3", /-drive format cannot be "qcow3"\. Did you mean "qcow2"/],
    ["-drive file=a,media=floppy", /-drive media cannot be "floppy"/],
    ["-drive file=disk:", /needs the disk image/],
    ["-drive file=a,sha256=12", /-drive sha256 is 64 hexadecimal digits.*"12"/],
    ["-drive file=a,index=x", /index is a number/],
    ["-cdrom a -drive file=b,index=2", /number 2 already/],
    ["-drive file=c -hda a", /number 0 already/],
    ["-kernel a,sha256=12", /-kernel sha256 is 64 hexadecimal digits/],
    ["-kernel ,sha256=HASH".replace("HASH", HASH), /needs the name of a file/],
    ["-armlet titel=x", /-armlet has no property "titel"\. Did you mean "title"/],
    ["-armlet 'type=a\\q'", /type has "\\q", which stands for nothing/],
    ["-armlet 'type=a\\'", /type has "\\"/],
    ["-armlet 'type=\\u{110000}'", /stands for nothing/],
    ["-drive file=a,snapshot=maybe", /snapshot is on or off/],
    ["-drive file=a,id=1", /an id is a letter/],
    ["-drive file=a,id=x -drive file=b,id=x", /the id "x" is given twice/],
    ["-device virtio-blk-devic,drive=a", /There is no device "virtio-blk-devic"\. Did you mean "virtio-blk-device"/],
    ["-device __proto__", /There is no device "__proto__"/],
    ["-device virtio-rng-s390", /virtio-rng-s390 is a device of IBM's mainframes.*Use virtio-rng-device\./],
    ["-device virtio-serial-ccw,id=a", /Use virtio-serial-device\./],
    ["-device nothing-s390", /There is no device "nothing-s390"/],
    ["-device virtio-blk-device,drvie=a", /virtio-blk-device has no property "drvie"\. Did you mean "drive"/],
    ["-device virtio-blk-device", /needs drive=/],
    ["-device virtio-blk-device,drive=hd0", /no drive with the id "hd0"\. Define it with -drive/],
    ["-drive if=none,id=hd1,file=a -device virtio-blk-device,drive=hd0", /"hd0"\. Did you mean "hd1"/],
    ["-drive id=a,file=a -device virtio-blk-device,drive=a", /belongs to one device, not to two/],
    ["-device virtio-rng-device,max-bytes=none", /max-bytes is a number/],
    ["-device virtio-rng-device,rng=r", /no random source with the id "r"\. Define it with -object/],
    ["-device virtconsole,chardev=c", /no character device with the id "c"\. Define it with -chardev/],
    ["-device virtio-rng-device,id=a -device virtio-rng-device,id=a", /the id "a" is given twice/],
    ["-device ,id=a", /needs a device's name/],
    ["-chardev stdio", /needs an id/],
    ["-chardev pty,id=a", /-chardev cannot be "pty"/],
    ["-chardev socket,id=a", /-chardev socket needs a path/],
    ["-chardev socket,id=a,path=s,server=maybe", /server is on or off/],
    ["-chardev file,id=a,path=f -serial chardev:a", /the terminal or nothing/],
    ["-mon chardev=m", /-mon: there is no character device with the id "m"/],
    ["-chardev null,id=m -mon m,mode=control", /-mon mode cannot be "control"/],
    ["-monitor vc", /-monitor cannot be "vc"/],
    [
      "-chardev file,id=m,path=f -mon m -device virtio-serial-device -device virtserialport,chardev=m",
      /"m" belongs to the monitor/,
    ],
    ["-chardev stdio,id=a,mux=2", /mux is on or off/],
    ["-object rng-egd,id=a", /-object cannot be "rng-egd"/],
    ["-object rng-builtin", /needs an id/],
    ["-serial tcp::4444", /-serial cannot be "tcp::4444"/],
    ["-serial chardev:x", /no character device with the id "x"|no chardev/],
    ["-serial stdio -serial stdio", /one serial port/],
    ["-display gtk", /there is no display here/],
    ["-net user", /Use -nic user/],
    ["-netdev tap,id=n", /-netdev cannot be "tap"/],
    ["-netdev user", /an id is a letter/],
    ["-netdev hubport,id=n", /hubid=0/],
    ["-netdev user,id=n,hubid=1", /no property "hubid"/],
    ["-netdev user,id=n,hostname=a.b", /hostname is letters/],
    ["-nic user,model=e1000", /-nic model cannot be "e1000"/],
    ["-device virtio-net-device,netdev=n", /there is no network with the id "n"/],
    ["-netdev user,id=n -device virtio-net-pci,netdev=n -device virtio-net-device,netdev=n", /has one end/],
    ["-netdev channel,id=n,name=a/b", /channel name is letters/],
    ["-netdev channel,id=n,mcast=230.0.0.1:1", /channel has no property "mcast"/],
    ["-netdev socket,id=n", /mcast=230\.0\.0\.1:1234/],
    ["-netdev socket,id=n,mcast=10.0.0.1:1234", /from 224\.0\.0\.0 to 239/],
    ["-netdev socket,id=n,mcast=230.0.0.1", /and a port/],
    ["-netdev socket,id=n,mcast=230.0.0.1:65536", /and a port/],
    ["-netdev socket,id=n,mcast=230.0.0.1:1,localaddr=eth0", /localaddr is an address/],
    ["-netdev hubport,id=n,hubid=0,netdev=m", /no network with the id "m"/],
    ["-netdev hubport,id=n,hubid=0,netdev=n", /Hubs are not plugged into hubs/],
    [
      "-netdev user,id=u -netdev hubport,id=n,hubid=0,netdev=u -device virtio-net-device,netdev=u",
      /virtio-net-device has "u" already/,
    ],
    [
      "-netdev user,id=u -netdev hubport,id=n,hubid=0,netdev=u -netdev hubport,id=m,hubid=0,netdev=u",
      /has "u" already/,
    ],
    ["-object filter-dump,id=f,netdev=n,file=a", /there is no network with the id "n"/],
    ["-netdev user,id=n -object filter-dump,id=f,netdev=n", /needs a file/],
    ["-netdev user,id=n -object filter-dump,id=f,netdev=n,file=a,maxlen=0", /maxlen is a number/],
    ["-netdev user,id=n -object filter-dump,id=f,netdev=n,file=a,queue=some", /queue cannot be "some"/],
    ["-netdev user,id=n -object rng-builtin,id=f -object filter-dump,id=f,netdev=n,file=a", /id "f" is given twice/],
    ["-object rng-builtin,id=f,maxlen=1", /no property "maxlen"/],
    ["-fsdev local,id=f", /needs the folder: path=/],
    ["-fsdev proxy,id=f,path=a", /-fsdev cannot be "proxy"/],
    ["-fsdev local,path=a", /an id is a letter/],
    ["-fsdev local,id=f,path=a,security_model=maped", /Did you mean "mapped-xattr"|security_model cannot be "maped"/],
    ["-fsdev local,id=f,path=a,mount_tag=t", /mount_tag: it is a property/],
    ["-virtfs local,path=a", /mount_tag=/],
    ["-device virtio-9p-device,fsdev=f,mount_tag=t", /no file tree with the id "f"\. Define it with -fsdev/],
    ["-device virtio-9p-device,mount_tag=t", /needs fsdev=/],
    ["-d guest_error", /-d cannot be "guest_error"\. Did you mean "guest_errors"/],
  ])("%s gets a sentence that helps", (args, message) => {
    expect(() => parse(args)).toThrow(ConfigError);
    expect(() => parse(args)).toThrow(message);
  });
});

describe("shared folders", () => {
  it("are given as QEMU's documentation gives them", () => {
    const mapped = parse(
      "-fsdev local,id=test_dev,path=/tmp/shared,security_model=mapped,readonly=on -device virtio-9p-pci,fsdev=test_dev,mount_tag=test_mount",
    );
    expect(mapped.fsdevs).toEqual([
      { id: "test_dev", path: "/tmp/shared", securityModel: "mapped-xattr", readOnly: true },
    ]);
    expect(mapped.devices).toEqual([
      { name: "virtio-9p-pci", properties: { fsdev: "test_dev", mount_tag: "test_mount" } },
    ]);
    const short = parse("-virtfs local,path=/tmp/share,mount_tag=host0,security_model=passthrough,id=host0");
    expect(short.fsdevs).toEqual([{ id: "host0", path: "/tmp/share", securityModel: "passthrough", readOnly: false }]);
    expect(short.devices).toEqual([{ name: "virtio-9p-device", properties: { fsdev: "host0", mount_tag: "host0" } }]);
    expect(parse("-virtfs local,path=a,,b,mount_tag=/odd:tag").fsdevs[0]).toMatchObject({
      id: "fs_odd_tag",
      path: "a,b",
    });
  });
});

describe("questions", () => {
  it("are answered with every option, every device and every property", () => {
    const help = text("-h");
    for (const { names, keys = [] } of OPTIONS) {
      for (const name of names) expect(help).toContain(name);
      for (const { key } of keys) expect(help).toContain(`${key}=`);
    }
    expect(text("-device help")).toMatch(/virtio-blk-device +disk/);
    expect(text("-device virtio-blk-device,help")).toMatch(/queue-size=4…\d+ +descriptors in each queue \(256\)/);
    expect(text("-d help")).toMatch(/guest_errors/);
    expect(text("-M help")).toMatch(/virt/);
    expect(text("-cpu help")).toMatch(/cortex-a57/);
    expect(text("-chardev help")).toMatch(/stdio/);
    expect(text("-object help")).toMatch(/rng-builtin/);
  });

  it("about the version are answered with the package's", () => {
    const path = new URL("../../../package.json", import.meta.url);
    expect(VERSION).toBe((JSON.parse(readFileSync(path, "utf8")) as { version: string }).version);
    expect(text("-version")).toBe(`armlet ${VERSION}`);
  });

  it("are errors where only a machine will do", () => {
    expect(() => parse("-h")).toThrow(/Usage/);
  });
});

describe("docs/command-line.md", () => {
  it("has the options as they are", () => {
    const document = readFileSync(new URL("../../../docs/command-line.md", import.meta.url), "utf8");
    expect(document).toContain(optionsMarkdown(OPTION_GROUPS));
  });
});
