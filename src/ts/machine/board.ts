/** The devices that every `virt` machine has, at their places in the memory map. */
import type { MachineConfig } from "../config/machine-config.ts";
import { Pl011 } from "../platform/pl011.ts";
import type { Clock, GuestLog, IrqLine } from "../platform/host.ts";
import type { MachineConsole } from "./console.ts";
import { SPI_MAP } from "./irq-map.ts";
import { MEMORY_MAP } from "./memory-map.ts";
import type { SystemBus } from "./system-bus.ts";

export interface BoardParts {
  readonly bus: SystemBus;
  /** The interrupt line of an SPI. */
  readonly irq: (spi: number) => IrqLine;
  readonly console: MachineConsole;
  readonly clock: Clock;
  readonly log: GuestLog;
  readonly config: MachineConfig;
  readonly ram: Uint8Array;
}

export class Board {
  readonly uart: Pl011;

  constructor({ bus, irq, console, log, config }: BoardParts) {
    this.uart = new Pl011({
      irq: irq(SPI_MAP.VIRT_UART),
      backend: {
        write: (byte) => {
          if (config.serial === "stdio") console.writeByte(byte);
        },
      },
      log,
    });
    bus.add("pl011", MEMORY_MAP.VIRT_UART, this.uart);
  }

  reset(): void {
    this.uart.reset();
  }

  /** When a device does something by itself next, in Clock.nowMs time; Infinity when none will. */
  deadlineMs(): number {
    return Number.POSITIVE_INFINITY;
  }

  /** Lets devices do what has become due. */
  poll(): void {}

  pressPowerKey(): void {}
}
