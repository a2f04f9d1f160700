/** Clauses of virtio over PCI that no other test shows by itself (testing/clauses). */
import { describe, expect, it } from "vitest";
import * as P from "../../spec/pci.ts";
import { Harness, type TransportName } from "../../testing/harness.ts";
import { MemoryDisk } from "../../testing/memory-disk.ts";
import { NetEnd } from "../../testing/net-end.ts";
import type { PciDriver } from "../../testing/pci-driver.ts";

const PLAIN = { eventIdx: false, style: "direct" } as const;
const MODERN: TransportName = "pci modern";
const TRANSITIONAL: TransportName = "pci transitional, modern";

/** Device names, their virtio IDs and transitional PCI device numbers. */
const IDS = [
  ["virtio-net", 1, 0x1000],
  ["virtio-blk", 2, 0x1001],
  ["virtio-serial", 3, 0x1003],
  ["virtio-rng", 4, 0x1005],
  ["virtio-balloon", 5, 0x1002],
] as const;

function made(transport: TransportName, device: string, properties = {}): { vm: Harness; driver: PciDriver } {
  const entropy = { fill: (): void => {} };
  const backends = { block: new MemoryDisk(2 ** 20, { sync: true }), net: new NetEnd(), entropy };
  const own: Readonly<Record<string, string>> =
    device === "virtio-blk" ? { drive: "disk" } : device === "virtio-net" ? { netdev: "net" } : {};
  const vm = new Harness(transport, device, { ...own, ...properties }, { backends });
  return { vm, driver: vm.driver as PciDriver };
}

const disk = (transport: TransportName, properties = {}): { vm: Harness; driver: PciDriver } =>
  made(transport, "virtio-blk", properties);

const readSector = (vm: Harness): ReturnType<Harness["in"]>[] => [vm.out(new Uint8Array(16)), vm.in(512), vm.in(1)];

interface Capability {
  readonly at: number;
  readonly length: number;
  readonly type: number;
  readonly bar: number;
  readonly offset: number;
  readonly bytes: number;
}

/** The vendor-specific capabilities, in the order of the list. */
function capabilities(driver: PciDriver): Capability[] {
  const found: Capability[] = [];
  for (let at = driver.configRead(0x34, 1); at !== 0; at = driver.configRead(at + 1, 1)) {
    if (driver.configRead(at, 1) !== 9) continue;
    found.push({
      at,
      length: driver.configRead(at + 2, 1),
      type: driver.configRead(at + 3, 1),
      bar: driver.configRead(at + 4, 1),
      offset: driver.configRead(at + 8, 4),
      bytes: driver.configRead(at + 12, 4),
    });
  }
  return found;
}

describe("discovery", () => {
  it.each(IDS)("vendor, device, revision and subsystem of %s", (device, id, transitional) => {
    const modern = made(MODERN, device).driver;
    expect(modern.configRead(0, 2)).toBe(0x1af4);
    expect(modern.configRead(2, 2)).toBe(0x1040 + id);
    expect(modern.configRead(8, 1)).toBeGreaterThanOrEqual(1);
    expect(modern.configRead(0x2e, 2)).toBeGreaterThanOrEqual(0x40);
    const old = made(TRANSITIONAL, device).driver;
    expect(old.configRead(0, 2)).toBe(0x1af4);
    expect(old.configRead(2, 2)).toBe(transitional);
    expect(old.configRead(8, 1)).toBe(0);
    expect(old.configRead(0x2e, 2)).toBe(id);
  });
});

describe("capabilities", () => {
  it.each(IDS)("every structure has its capability, aligned and with its extra data: %s", (device) => {
    for (const transport of [MODERN, TRANSITIONAL]) {
      const { driver } = made(transport, device);
      const list = capabilities(driver);
      const types = list.map(({ type }) => type);
      for (const type of [P.VIRTIO_PCI_CAP_COMMON_CFG, P.VIRTIO_PCI_CAP_NOTIFY_CFG, P.VIRTIO_PCI_CAP_ISR_CFG])
        expect(types).toContain(type);
      expect(types).toContain(P.VIRTIO_PCI_CAP_PCI_CFG);
      // The entropy source has no configuration to show.
      if (device !== "virtio-rng") expect(types).toContain(P.VIRTIO_PCI_CAP_DEVICE_CFG);
      for (const { type, length, offset, bytes } of list) {
        const extra = type === P.VIRTIO_PCI_CAP_NOTIFY_CFG || type === P.VIRTIO_PCI_CAP_PCI_CFG;
        expect(length).toBe(extra ? 20 : 16);
        if (type === P.VIRTIO_PCI_CAP_PCI_CFG) continue;
        expect(offset % 4).toBe(0);
        expect(bytes).toBeGreaterThan(0);
      }
    }
  });

  it("the I/O window that was asked for comes before the memory window", () => {
    const { driver } = disk(TRANSITIONAL, { "modern-pio-notify": true });
    const notify = capabilities(driver).filter(({ type }) => type === P.VIRTIO_PCI_CAP_NOTIFY_CFG);
    const isIo = ({ bar }: Capability): boolean => (driver.configRead(0x10 + 4 * bar, 4) & 1) === 1;
    expect(notify.map(isIo)).toEqual([true, false]);
  });

  it("there is no vendor data capability", () => {
    for (const [device] of IDS) {
      const types = capabilities(made(MODERN, device).driver).map(({ type }) => type);
      expect(types.every((type) => [1, 2, 3, 4, 5].includes(type))).toBe(true);
    }
  });

  it.each([
    [MODERN, {}],
    [MODERN, { "page-per-vq": true }],
    [MODERN, { notification_data: true }],
    [TRANSITIONAL, {}],
  ] as const)(
    "notification addresses of %s, %j: aligned, a power of two apart, inside the structure",
    (transport, options) => {
      const { driver } = disk(transport, { "num-queues": 4, ...options });
      for (const { type, at, offset, bytes } of capabilities(driver)) {
        if (type !== P.VIRTIO_PCI_CAP_NOTIFY_CFG) continue;
        const multiplier = driver.configRead(at + 16, 4);
        expect(offset % 4).toBe(0);
        expect(multiplier === 0 || ((multiplier & (multiplier - 1)) === 0 && multiplier % 4 === 0)).toBe(true);
        for (let queue = 0; queue < 4; ++queue) {
          driver.selectQueue(queue);
          expect(driver.common(P.COMMON_QUEUE_NOTIFY_OFF, 2) * multiplier + 4).toBeLessThanOrEqual(bytes);
        }
      }
    },
  );
});

describe("the common configuration structure", () => {
  it("feature words are shown by their selectors, the device's and the driver's", () => {
    const { vm, driver } = disk(MODERN);
    const word = (selector: number): number => {
      driver.setCommon(P.COMMON_DEVICE_FEATURE_SELECT, 4, selector);
      return driver.common(P.COMMON_DEVICE_FEATURE, 4);
    };
    expect([0, 1, 2, 3, 4, 0xffff_ffff].map(word)).toEqual([
      ...[0, 1, 2, 3].map((index) => vm.transport.bus.deviceFeatures(index)),
      0,
      0,
    ]);
    expect(word(1) & 1).toBe(1);
    for (const [selector, bits] of [
      [0, word(0)],
      [1, word(1)],
    ] as const) {
      driver.setCommon(P.COMMON_DRIVER_FEATURE_SELECT, 4, selector);
      driver.setCommon(P.COMMON_DRIVER_FEATURE, 4, bits);
    }
    for (const selector of [0, 1]) {
      driver.setCommon(P.COMMON_DRIVER_FEATURE_SELECT, 4, selector);
      expect(driver.common(P.COMMON_DRIVER_FEATURE, 4)).toBe(word(selector));
    }
  });

  it("queue_enable and queue_reset read 0 after a reset, and queue_reset after the queue was enabled", () => {
    const { vm, driver } = disk(MODERN);
    const registers = (): number[] => {
      driver.selectQueue(0);
      return [driver.common(P.COMMON_QUEUE_ENABLE, 2), driver.common(P.COMMON_QUEUE_RESET, 2)];
    };
    vm.start(PLAIN);
    expect(registers()).toEqual([1, 0]);
    driver.setCommon(P.COMMON_QUEUE_RESET, 2, 1);
    expect(registers()).toEqual([0, 0]);
    vm.setup(0, PLAIN, 8);
    expect(registers()).toEqual([1, 0]);
    driver.reset();
    expect(registers()).toEqual([0, 0]);
  });

  it("queue_size is a power of two, or 0 where there is no queue", () => {
    for (const [device] of IDS) {
      const { driver } = made(MODERN, device);
      for (let queue = 0; queue < driver.common(P.COMMON_NUM_QUEUES, 2) + 2; ++queue) {
        const size = driver.queueSizeMax(queue);
        expect(size & (size - 1)).toBe(0);
        expect(size > 0).toBe(queue < driver.common(P.COMMON_NUM_QUEUES, 2));
      }
    }
  });
});

describe("interrupts", () => {
  it("the ISR bits come before the interrupt, and the Interrupt Status bit is their OR", () => {
    const { vm, driver } = disk(TRANSITIONAL);
    vm.start(PLAIN);
    const isr = driver.structure(P.VIRTIO_PCI_CAP_ISR_CFG);
    const seen: number[] = [];
    // What the Status register says, without changing anything, at the moment at which the line goes up.
    const set = vm.line.set.bind(vm.line);
    vm.line.set = (level: boolean): void => {
      set(level);
      if (level) seen.push(driver.configRead(6, 2) & 8);
    };
    const bits = (): number => driver.barRead(isr.bar, isr.offset, 1);
    vm.send(readSector(vm), "direct");
    expect([seen.splice(0), bits()]).toEqual([[8], P.PCI_ISR_QUEUE]);
    vm.transport.bus.configChanged();
    expect([seen.splice(0), bits()]).toEqual([[8], P.PCI_ISR_CONFIG]);
    expect(driver.configRead(6, 2) & 8).toBe(0);
    expect(vm.line.level).toBe(false);
  });

  it.each([2, 3, 17])("the table has as many vectors as were asked for: %i", (vectors) => {
    const { driver } = disk(MODERN, { vectors });
    for (let at = driver.configRead(0x34, 1); at !== 0; at = driver.configRead(at + 1, 1)) {
      if (driver.configRead(at, 1) === 0x11) expect((driver.configRead(at + 2, 2) & 0x7ff) + 1).toBe(vectors);
    }
    driver.selectQueue(0);
    driver.setCommon(P.COMMON_QUEUE_MSIX_VECTOR, 2, vectors - 1);
    expect(driver.common(P.COMMON_QUEUE_MSIX_VECTOR, 2)).toBe(vectors - 1);
  });

  it("events are mapped to vectors, unmapped, and unmapped by a reset", () => {
    const { driver } = disk(MODERN, { vectors: 5 });
    const registers = [P.COMMON_CONFIG_MSIX_VECTOR, P.COMMON_QUEUE_MSIX_VECTOR];
    driver.selectQueue(0);
    for (const register of registers) {
      expect(driver.common(register, 2)).toBe(P.VIRTIO_MSI_NO_VECTOR);
      for (let vector = 0; vector < 5; ++vector) {
        driver.setCommon(register, 2, vector);
        expect(driver.common(register, 2)).toBe(vector);
      }
      driver.setCommon(register, 2, P.VIRTIO_MSI_NO_VECTOR);
      expect(driver.common(register, 2)).toBe(P.VIRTIO_MSI_NO_VECTOR);
      driver.setCommon(register, 2, 1);
    }
    driver.setCommon(P.COMMON_DEVICE_STATUS, 1, 0);
    driver.selectQueue(0);
    for (const register of registers) expect(driver.common(register, 2)).toBe(P.VIRTIO_MSI_NO_VECTOR);
  });
});
