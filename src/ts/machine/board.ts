/** The devices that every `virt` machine has, at their places in the memory map. */
import type { MachineConfig } from "../config/machine-config.ts";
import { type DmaMemory, FwCfg } from "../platform/fw-cfg.ts";
import type { Clock, GuestLog, IrqLine, TimedDevice } from "../platform/host.ts";
import { Pl011 } from "../platform/pl011.ts";
import { Pl031 } from "../platform/pl031.ts";
import { Pl061 } from "../platform/pl061.ts";
import type { MachineConsole } from "./console.ts";
import { SPI_MAP } from "./irq-map.ts";
import { MEMORY_MAP } from "./memory-map.ts";
import type { SystemBus } from "./system-bus.ts";

/** What the board's devices are connected to. */
export interface BoardParts {
  readonly bus: SystemBus;
  /** The interrupt line of an SPI. */
  readonly irq: (spi: number) => IrqLine;
  readonly console: MachineConsole;
  readonly clock: Clock;
  readonly log: GuestLog;
  readonly config: MachineConfig;
  readonly memory: DmaMemory;
}

/** PL011, PL031, PL061 and fw_cfg: made, put on the bus, reset and polled together. */
export class Board {
  readonly uart: Pl011;
  readonly #rtc: Pl031;
  readonly #gpio: Pl061;
  readonly #fwCfg: FwCfg;
  readonly #timed: readonly TimedDevice[];

  constructor({ bus, irq, console, clock, log, config, memory }: BoardParts) {
    this.uart = new Pl011({
      irq: irq(SPI_MAP.VIRT_UART),
      backend: {
        write: (byte) => {
          if (config.serial === "stdio") console.writeByte(byte);
        },
      },
      log,
    });
    this.#rtc = new Pl031({ irq: irq(SPI_MAP.VIRT_RTC), clock, log });
    this.#gpio = new Pl061({ irq: irq(SPI_MAP.VIRT_GPIO), clock, log });
    this.#fwCfg = new FwCfg({ memory, log, cpuCount: config.cpuCount, noGraphic: config.nographic });
    this.#timed = [this.#rtc, this.#gpio];
    bus.add("pl011", MEMORY_MAP.VIRT_UART, this.uart);
    bus.add("pl031", MEMORY_MAP.VIRT_RTC, this.#rtc);
    bus.add("fw-cfg", MEMORY_MAP.VIRT_FW_CFG, this.#fwCfg);
    bus.add("pl061", MEMORY_MAP.VIRT_GPIO, this.#gpio);
  }

  reset(): void {
    this.uart.reset();
    this.#rtc.reset();
    this.#gpio.reset();
    this.#fwCfg.reset();
  }

  /** When a device does something by itself next, in Clock.nowMs time; Infinity when none will. */
  deadlineMs(): number {
    return Math.min(...this.#timed.map((device) => device.deadlineMs()));
  }

  /** Lets devices do what has become due. */
  poll(): void {
    for (const device of this.#timed) device.poll();
  }

  pressPowerKey(): void {
    this.#gpio.pressPowerKey();
  }
}
