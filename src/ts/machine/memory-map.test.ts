import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { NUM_SPIS, ppiToIntid, SPI_MAP, spiToIntid, virtioMmioSpi } from "./irq-map.ts";
import { flashBank, MEMORY_MAP, type MemoryRange, VIRTIO_MMIO_SLOTS, virtioMmioSlot } from "./memory-map.ts";

/** First and last address of every region that QEMU lists by one of `names`. */
function qemuRegions(gicVersion: number): Map<string, MemoryRange[]> {
  const args = ["-M", `virt,gic-version=${gicVersion}`, "-cpu", "cortex-a57", "-m", "3G", "-S", "-nodefaults"];
  const { stdout } = spawnSync("qemu-system-aarch64", [...args, "-display", "none", "-monitor", "stdio"], {
    input: "info mtree\nquit\n",
    encoding: "utf8",
  });
  const regions = new Map<string, MemoryRange[]>();
  const seen = new Set<string>();
  for (const [, start = "", end = "", rest = ""] of stdout.matchAll(
    /([0-9a-f]{16})-([0-9a-f]{16}) \(.*?\): (.*?)\r?\n/g,
  )) {
    const name = rest.replace(/^alias /, "").replace(/ @.*/, "");
    if (seen.has(`${start} ${name}`)) continue;
    seen.add(`${start} ${name}`);
    const base = Number.parseInt(start, 16);
    regions.set(name, [...(regions.get(name) ?? []), { base, sizeBytes: Number.parseInt(end, 16) - base + 1 }]);
  }
  return regions;
}

describe("MEMORY_MAP against `info mtree` of qemu-system-aarch64 -M virt", () => {
  const v2 = qemuRegions(2);
  const v3 = qemuRegions(3);
  const cases: [string, MemoryRange, Map<string, MemoryRange[]>][] = [
    ["virt.flash0", flashBank(0), v2],
    ["virt.flash1", flashBank(1), v2],
    ["gicv2m", MEMORY_MAP.VIRT_GIC_V2M, v2],
    ["gicv3_dist", MEMORY_MAP.VIRT_GIC_DIST, v3],
    ["gicv3_its", MEMORY_MAP.VIRT_GIC_ITS, v3],
    ["pl011", MEMORY_MAP.VIRT_UART, v2],
    ["pl031", MEMORY_MAP.VIRT_RTC, v2],
    ["pl061", MEMORY_MAP.VIRT_GPIO, v2],
    ["platform bus", MEMORY_MAP.VIRT_PLATFORM_BUS, v2],
    ["pcie-mmio", MEMORY_MAP.VIRT_PCIE_MMIO, v2],
    ["gpex_ioport_window", MEMORY_MAP.VIRT_PCIE_PIO, v2],
    ["pcie-ecam", MEMORY_MAP.VIRT_HIGH_PCIE_ECAM, v2],
    ["pcie-mmio-high", MEMORY_MAP.VIRT_HIGH_PCIE_MMIO, v2],
  ];
  for (const [name, range, regions] of cases) {
    it(name, () => expect(regions.get(name)).toContainEqual(range));
  }

  it("the virtio-mmio slots, one behind the other", () => {
    const slots = Array.from({ length: VIRTIO_MMIO_SLOTS }, (_, slot) => virtioMmioSlot(slot));
    expect(v2.get("virtio-mmio")).toEqual(slots);
    expect(() => virtioMmioSlot(VIRTIO_MMIO_SLOTS)).toThrow(RangeError);
    expect(() => virtioMmioSlot(-1)).toThrow(RangeError);
  });

  it("the parts that are smaller in QEMU than their window begin where the window does", () => {
    expect(v2.get("gic_dist")?.[0]?.base).toBe(MEMORY_MAP.VIRT_GIC_DIST.base);
    expect(v2.get("gic_cpu")?.[0]?.base).toBe(MEMORY_MAP.VIRT_GIC_CPU.base);
    expect(v3.get("gicv3_redist_region[0]")?.[0]?.base).toBe(MEMORY_MAP.VIRT_GIC_REDIST.base);
    expect(v2.get("mach-virt.ram")?.[0]?.base).toBe(MEMORY_MAP.VIRT_MEM.base);
    const [data, dma] = [v2.get("fwcfg.data")?.[0], v2.get("fwcfg.dma")?.[0]];
    expect(data?.base).toBe(MEMORY_MAP.VIRT_FW_CFG.base);
    expect((dma?.base ?? 0) + (dma?.sizeBytes ?? 0)).toBe(
      MEMORY_MAP.VIRT_FW_CFG.base + MEMORY_MAP.VIRT_FW_CFG.sizeBytes,
    );
  });
});

describe("interrupt numbers (those of devices are compared in machine-tree.test.ts)", () => {
  it("count from 32 for SPIs and from 16 for PPIs, and fit", () => {
    expect([spiToIntid(0), ppiToIntid(11), virtioMmioSpi(31)]).toEqual([32, 27, 47]);
    for (const spi of Object.values(SPI_MAP)) expect(spi).toBeLessThan(NUM_SPIS);
  });
});
