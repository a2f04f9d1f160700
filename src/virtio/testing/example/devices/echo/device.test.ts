/** The echo device over every transport that shows modern devices, and every way of using a ring. */
import { describe, expect, it } from "vitest";
import { ascii } from "../../../char-end.ts";
import { Harness, MATRIX } from "../../../harness.ts";
import { ECHO_CONFIG_ECHOED, VIRTIO_ECHO_F_UPPERCASE, VIRTIO_ID_ECHO } from "../../spec/echo.ts";
import { ECHO } from "./definition.ts";

const machine = ({ transport }: (typeof MATRIX)[number]): Harness =>
  new Harness(transport, "virtio-echo", {}, { devices: [ECHO] });

/** What a transport that also has the legacy interface says. */
const LEGACY = /^(mmio v1|s390 pages|pci legacy|pci transitional|ccw 0)/;

describe.each(MATRIX.filter(({ transport }) => !LEGACY.test(transport)))("$transport, $ring", (configuration) => {
  it("what the driver says comes back, in capitals if it wants that, and is counted", async () => {
    const vm = machine(configuration);
    expect(vm.driver.deviceId()).toBe(VIRTIO_ID_ECHO);
    for (const [without, answer] of [
      [[VIRTIO_ECHO_F_UPPERCASE], "hello"],
      [[], "HELLO"],
    ] as const) {
      vm.start(configuration, [0], { without });
      const heard = vm.in(16);
      const used = await vm.transact([vm.out(ascii("hel")), vm.out(ascii("lo")), heard], configuration.style);
      expect(used.length).toBe(5);
      expect([...vm.content(heard).subarray(0, 6)]).toEqual([...ascii(answer), 0xee]);
      expect(vm.driver.takeInterrupts().used).toBe(true);
    }
    expect(vm.driver.readConfig(ECHO_CONFIG_ECHOED, 4)).toBe(10);
  });
});

describe("virtio-echo", () => {
  it.each(MATRIX.filter(({ transport, ring }) => LEGACY.test(transport) && ring === "split, direct"))(
    "is no device for $transport",
    (configuration) => {
      // A subchannel is there for any device; this one rejects the legacy revision.
      if (configuration.transport === "ccw 0")
        expect(() => machine(configuration).start(configuration)).toThrow("refused");
      else expect(() => machine(configuration)).toThrow("has no legacy interface");
    },
  );

  it("is not in the product", () => {
    expect(() => new Harness("mmio v2", "virtio-echo", {})).toThrow('There is no device "virtio-echo-device"');
  });
});
