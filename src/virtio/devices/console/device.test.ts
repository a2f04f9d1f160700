/** The console device with its ports over every transport and every way of using a ring. */
import { describe, expect, it } from "vitest";
import { createDevice } from "../../registry.ts";
import * as C from "../../spec/console.ts";
import { ascii, CharEnd } from "../../testing/char-end.ts";
import type { DriverBuffer } from "../../testing/driver-ring.ts";
import { type Configuration, Harness, MATRIX } from "../../testing/harness.ts";

interface Machine {
  readonly vm: Harness;
  readonly console: CharEnd;
  readonly agent: CharEnd;
}

/** A console on port 0 and an agent on port 1, as -device virtconsole and -device virtserialport make them. */
function machine(configuration: Pick<Configuration, "transport">, properties = {}): Machine {
  const ends = { term: new CharEnd(), agent: new CharEnd(false) };
  const vm = new Harness(configuration.transport, "virtio-serial", properties, { backends: { char: ends } });
  createDevice("virtconsole", { chardev: "term" }, vm.context);
  createDevice("virtserialport", { chardev: "agent", name: "org.example.agent.0" }, vm.context);
  return { vm, console: ends.term, agent: ends.agent };
}

const QUEUES = [0, 1, 2, 3, 4, 5];

/** A driver of the device: keeps buffers in the receive queues, and speaks the control protocol. */
class Driver {
  readonly vm: Harness;
  readonly configuration: Configuration;
  private readonly buffers = new Map<string, DriverBuffer>();

  constructor(vm: Harness, configuration: Configuration, without: readonly number[] = []) {
    this.vm = vm;
    this.configuration = configuration;
    const multiport = !without.includes(C.VIRTIO_CONSOLE_F_MULTIPORT);
    vm.start(configuration, multiport ? QUEUES : [0, 1], { size: 32, without });
  }

  /** Gives the device a buffer to receive into. */
  offer(queue: number, length: number): void {
    const buffer = this.vm.in(length);
    const head = this.vm.send([buffer], this.configuration.style, queue);
    this.buffers.set(`${queue}:${head}`, buffer);
  }

  /** What came in on a receive queue since the last look; a buffer for each returned one is offered again. */
  received(queue: number, again = 64): Uint8Array[] {
    const messages: Uint8Array[] = [];
    for (let used = this.vm.ring(queue).take(); used !== null; used = this.vm.ring(queue).take()) {
      const buffer = this.buffers.get(`${queue}:${used.id}`) as DriverBuffer;
      messages.push(this.vm.content(buffer).subarray(0, used.length));
      if (again > 0) this.offer(queue, again);
    }
    return messages;
  }

  text(queue: number, again = 64): string {
    return this.received(queue, again)
      .map((bytes) => String.fromCharCode(...bytes))
      .join("");
  }

  /** Sends bytes; the console is inline, so they are taken when the notification returns. */
  send(queue: number, bytes: Uint8Array): boolean {
    this.vm.send([this.vm.out(bytes)], this.configuration.style, queue);
    return this.vm.ring(queue).take() !== null;
  }

  control(id: number, event: number, value: number): void {
    const bytes = new Uint8Array(8);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, id, true);
    view.setUint16(4, event, true);
    view.setUint16(6, value, true);
    expect(this.send(C.CONSOLE_CONTROL_TRANSMITQ, bytes)).toBe(true);
  }

  /** Control messages as [port, event, value, payload text]. */
  messages(): [number, number, number, string][] {
    return this.received(C.CONSOLE_CONTROL_RECEIVEQ).map((bytes) => {
      const view = new DataView(bytes.buffer, bytes.byteOffset);
      const payload = String.fromCharCode(...bytes.subarray(8));
      return [view.getUint32(0, true), view.getUint16(4, true), view.getUint16(6, true), payload];
    });
  }

  /** What Linux does when it finds the device: buffers for control messages, DEVICE_READY, PORT_READY for each port. */
  begin(): [number, number, number, string][] {
    for (let count = 0; count < 16; ++count) this.offer(C.CONSOLE_CONTROL_RECEIVEQ, 64);
    this.control(0xffff_ffff, C.VIRTIO_CONSOLE_DEVICE_READY, 1);
    const added = this.messages();
    for (const [id] of added) this.control(id, C.VIRTIO_CONSOLE_PORT_READY, 1);
    return added;
  }
}

describe.each(MATRIX)("virtio-serial, $transport, $ring", (configuration) => {
  it("qtest:virtio-serial/nop, 5.3.6: ports are announced, described and opened in the order of the protocol", () => {
    const { vm, console } = machine(configuration);
    const driver = new Driver(vm, configuration);
    expect(driver.begin()).toEqual([
      [0, C.VIRTIO_CONSOLE_DEVICE_ADD, 1, ""],
      [1, C.VIRTIO_CONSOLE_DEVICE_ADD, 1, ""],
    ]);
    expect(driver.messages()).toEqual([
      [0, C.VIRTIO_CONSOLE_CONSOLE_PORT, 1, ""],
      [0, C.VIRTIO_CONSOLE_PORT_OPEN, 1, ""],
      [1, C.VIRTIO_CONSOLE_PORT_NAME, 1, "org.example.agent.0"],
    ]);
    driver.control(0, C.VIRTIO_CONSOLE_PORT_OPEN, 1);
    expect(console.events).toEqual(["guest open"]);
    driver.control(0, C.VIRTIO_CONSOLE_PORT_OPEN, 0);
    expect(console.events).toEqual(["guest open", "guest closed"]);
    expect(vm.log.guestErrors).toEqual([]);
  });

  it("output goes out inside the notification, input comes in once the guest has opened the port", () => {
    const { vm, console, agent } = machine(configuration);
    const driver = new Driver(vm, configuration);
    driver.begin();
    expect(driver.send(1, ascii("Linux version 6.1\n"))).toBe(true);
    expect(console.text).toBe("Linux version 6.1\n");
    for (let count = 0; count < 4; ++count) driver.offer(0, 4);
    expect(console.device.input(ascii("poweroff\n"))).toBe(9);
    expect(driver.text(0)).toBe("");
    driver.control(0, C.VIRTIO_CONSOLE_PORT_OPEN, 1);
    expect(driver.text(0, 4)).toBe("poweroff\n");
    expect(vm.driver.takeInterrupts().used).toBe(true);
    expect(console.device.input(ascii("12345678901234567890"))).toBe(20);
    expect(driver.text(0, 4)).toBe("12345678901234567890");
    // The agent's end is closed: what the guest says there is dropped, and it gets its buffers back.
    expect(driver.send(5, ascii("nobody"))).toBe(true);
    agent.device.setOpen(true);
    expect(driver.messages().at(-1)).toEqual([1, C.VIRTIO_CONSOLE_PORT_OPEN, 1, ""]);
    expect(driver.send(5, ascii("hello"))).toBe(true);
    expect(agent.text).toBe("hello");
  });

  it("without MULTIPORT there is port 0, open at once", () => {
    const { vm, console } = machine(configuration);
    const driver = new Driver(vm, configuration, [C.VIRTIO_CONSOLE_F_MULTIPORT]);
    driver.offer(0, 16);
    expect(driver.send(1, ascii("a"))).toBe(true);
    expect(console.text).toBe("a");
    console.device.input(ascii("b"));
    expect(driver.text(0)).toBe("b");
  });

  it("a slow terminal slows the guest down; nothing is lost and nothing piles up", () => {
    const { vm, console } = machine(configuration);
    const driver = new Driver(vm, configuration);
    console.room = 5;
    const text = "0123456789".repeat(2000);
    expect(driver.send(1, ascii(text))).toBe(false);
    expect(driver.send(1, ascii("next"))).toBe(false);
    expect(console.text).toBe("01234");
    console.makeRoom(5000);
    expect(console.received).toHaveLength(5005);
    expect(vm.ring(1).take()).toBe(null);
    console.makeRoom(Number.POSITIVE_INFINITY);
    expect(console.text).toBe(`${text}next`);
    expect(vm.ring(1).take()).not.toBe(null);
    expect(vm.ring(1).take()).not.toBe(null);
    expect(driver.send(1, ascii("!"))).toBe(true);
  });

  it("input that the guest does not read stops at the port's capacity and goes on afterwards", () => {
    const { vm, console } = machine(configuration);
    const driver = new Driver(vm, configuration);
    driver.begin();
    driver.control(0, C.VIRTIO_CONSOLE_PORT_OPEN, 1);
    const paste = new Uint8Array(50_000).map((_, index) => index & 0x7f);
    let given = console.device.input(paste);
    expect(given).toBe(16 * 1024);
    const read: number[] = [];
    driver.offer(0, 4096);
    for (let turn = 0; turn < 40 && read.length < paste.length; ++turn) {
      for (const part of driver.received(0, 4096)) read.push(...part);
      if (console.events.at(-1) === "input room") {
        console.events.pop();
        given += console.device.input(paste.subarray(given));
      }
    }
    expect(Buffer.compare(Uint8Array.from(read), paste)).toBe(0);
  });

  it("5.3.4: emergency write works before the driver has done anything, and byte by byte", () => {
    const { vm, console } = machine(configuration);
    vm.driver.setStatus(1);
    vm.driver.writeConfig(C.CONSOLE_CONFIG_EMERG_WR, 4, 0x41);
    vm.driver.writeConfig(C.CONSOLE_CONFIG_EMERG_WR, 1, 0x42);
    expect(console.text).toBe("AB");
    expect(vm.driver.readConfig(C.CONSOLE_CONFIG_EMERG_WR, 4)).toBe(0);
  });

  it("5.3.5: the terminal's size is in the configuration and in messages, columns first", () => {
    const { vm, console } = machine(configuration);
    console.device.resize(132, 43);
    const driver = new Driver(vm, configuration);
    expect(vm.driver.readConfig(C.CONSOLE_CONFIG_COLS, 2)).toBe(132);
    expect(vm.driver.readConfig(C.CONSOLE_CONFIG_ROWS, 2)).toBe(43);
    driver.begin();
    expect(driver.messages().filter(([, event]) => event === C.VIRTIO_CONSOLE_RESIZE)).toEqual([
      [0, C.VIRTIO_CONSOLE_RESIZE, 0, "\u0084\0\u002b\0"],
    ]);
    vm.driver.takeInterrupts();
    console.device.resize(80, 25);
    expect(vm.driver.takeInterrupts().config).toBe(true);
    expect(driver.messages()).toEqual([[0, C.VIRTIO_CONSOLE_RESIZE, 0, "\u0050\0\u0019\0"]]);
  });

  it("hostile control messages are ignored and counted", () => {
    const { vm } = machine(configuration);
    const driver = new Driver(vm, configuration);
    expect(driver.send(3, ascii("short"))).toBe(true);
    for (const id of [2, 31, 2 ** 31, 0xffff_ffff]) {
      for (let event = 0; event < 10; ++event) {
        if (event !== C.VIRTIO_CONSOLE_DEVICE_READY) driver.control(id, event, 1);
      }
    }
    driver.control(0, C.VIRTIO_CONSOLE_PORT_READY, 0);
    expect(vm.log.guestErrors).toHaveLength(1 + 4 * 9 + 1);
    // A flood without buffers for the answers is bounded, and the device is still alive.
    for (let turn = 0; turn < 400; ++turn) driver.control(0, C.VIRTIO_CONSOLE_PORT_READY, 1);
    expect(vm.log.guestErrors.at(-1)).toContain("control message dropped");
    expect(driver.send(1, ascii("alive"))).toBe(true);
    for (let count = 0; count < 16; ++count) driver.offer(2, 64);
    expect(driver.messages()).toHaveLength(256);
  });

  it("control buffers that are too small get what fits, and queues of ports that do not exist give buffers back", () => {
    const { vm } = machine(configuration, { max_ports: 4 });
    vm.start(configuration, [0, 1, 2, 3, 8, 9], { size: 8 });
    vm.send([vm.out(ascii("void"))], configuration.style, 9);
    expect(vm.ring(9).take()).not.toBe(null);
    vm.send([vm.in(16)], configuration.style, 8);
    expect(vm.ring(8).take()).toBe(null);
    const small = vm.in(3);
    vm.send([small], configuration.style, 2);
    vm.send([vm.out([255, 255, 255, 255, 0, 0, 1, 0])], configuration.style, 3);
    expect(vm.ring(2).take()?.length).toBe(3);
    expect(vm.log.guestErrors.join()).toContain("control buffer too small");
  });

  it("a reset closes ports, drops what was being sent, and keeps input that the guest has not seen", () => {
    const { vm, console } = machine(configuration);
    let driver = new Driver(vm, configuration);
    driver.begin();
    driver.control(0, C.VIRTIO_CONSOLE_PORT_OPEN, 1);
    console.room = 2;
    expect(driver.send(1, ascii("abcdef"))).toBe(false);
    console.device.input(ascii("typed"));
    vm.driver.reset();
    console.makeRoom(100);
    expect(console.text).toBe("ab");
    expect(console.events).toEqual(["guest open", "guest closed"]);
    driver = new Driver(vm, configuration);
    driver.begin();
    driver.offer(0, 64);
    expect(driver.text(0)).toBe("");
    driver.control(0, C.VIRTIO_CONSOLE_PORT_OPEN, 1);
    expect(driver.text(0)).toBe("typed");
    expect(driver.send(1, ascii("g"))).toBe(true);
    expect(console.text).toBe("abg");
  });
});

describe("virtio-serial ports", () => {
  const ONE: Configuration = { transport: "mmio v2", eventIdx: true, style: "direct" };

  it("qtest:virtio-serial/hotplug a port added to a running guest is announced", () => {
    const { vm } = machine(ONE);
    const driver = new Driver(vm, ONE);
    driver.begin();
    driver.messages();
    createDevice("virtserialport", { name: "late" }, vm.context);
    expect(driver.messages()).toEqual([[2, C.VIRTIO_CONSOLE_DEVICE_ADD, 1, ""]]);
  });

  it("max_ports=1 leaves two queues and no MULTIPORT", () => {
    const vm = new Harness("mmio v2", "virtio-serial", {
      in_order: false,
      notification_data: false,
      max_ports: 1,
      packed: false,
    });
    expect(vm.driver.deviceFeatures().bits()).toEqual([0, 2, 28, 29, 32, 40]);
    expect(vm.driver.queueSizeMax(1)).toBe(128);
    expect(vm.driver.queueSizeMax(2)).toBe(0);
    expect(vm.driver.readConfig(C.CONSOLE_CONFIG_MAX_NR_PORTS, 4)).toBe(0);
  });

  it("the default has 31 ports in 64 queues, as QEMU's", () => {
    const vm = new Harness("mmio v2", "virtio-serial", {});
    expect(vm.driver.readConfig(C.CONSOLE_CONFIG_MAX_NR_PORTS, 4)).toBe(31);
    expect([0, 2, 3, 63, 64].map((index) => vm.driver.queueSizeMax(index))).toEqual([128, 32, 32, 128, 0]);
  });

  it("a transmit queue that is reset drops the chain being sent", () => {
    const { vm, console } = machine(ONE);
    const driver = new Driver(vm, ONE);
    console.room = 1;
    expect(driver.send(1, ascii("xyz"))).toBe(false);
    const queue = vm.transport.bus.queue(1);
    if (queue !== null) vm.transport.bus.resetQueue(queue);
    console.makeRoom(100);
    expect(console.text).toBe("x");
    vm.setup(1, ONE);
    expect(driver.send(1, ascii("again"))).toBe(true);
    expect(console.text).toBe("xagain");
  });

  it("output of gigabytes in one chain gives the event loop its turn", () => {
    const { vm, console } = machine(ONE);
    const driver = new Driver(vm, ONE);
    const part = vm.out(new Uint8Array(2 ** 20).fill(0x2e));
    vm.send([part, part, part], "direct", 1);
    expect(console.received).toHaveLength(2 ** 20);
    expect(vm.ring(1).take()).toBe(null);
    expect(driver.send(1, ascii("!"))).toBe(false);
    for (let turn = 0; turn < 4; ++turn) vm.clock.advance(1);
    expect(console.received).toHaveLength(3 * 2 ** 20 + 1);
    expect(vm.ring(1).take()).not.toBe(null);
  });
});
