/** Configuration space and feature table of the console device. */
import type { FeatureRow } from "../../features.ts";
import { ConfigSpace, u16, u32 } from "../../layout.ts";
import * as C from "../../spec/console.ts";

/** QEMU's properties of virtio-serial. */
export interface ConsoleOptions {
  /** 1 leaves the device with port 0 only, without MULTIPORT. */
  readonly maxPorts: number;
  readonly emergencyWrite: boolean;
}

export function consoleFeatures(options: ConsoleOptions): FeatureRow[] {
  const rows: FeatureRow[] = [{ bit: C.VIRTIO_CONSOLE_F_SIZE, name: "VIRTIO_CONSOLE_F_SIZE" }];
  if (options.maxPorts > 1) rows.push({ bit: C.VIRTIO_CONSOLE_F_MULTIPORT, name: "VIRTIO_CONSOLE_F_MULTIPORT" });
  if (options.emergencyWrite) rows.push({ bit: C.VIRTIO_CONSOLE_F_EMERG_WRITE, name: "VIRTIO_CONSOLE_F_EMERG_WRITE" });
  return rows;
}

const FIELDS = {
  cols: u16(C.CONSOLE_CONFIG_COLS).when(C.VIRTIO_CONSOLE_F_SIZE),
  rows: u16(C.CONSOLE_CONFIG_ROWS).when(C.VIRTIO_CONSOLE_F_SIZE),
  max_nr_ports: u32(C.CONSOLE_CONFIG_MAX_NR_PORTS).when(C.VIRTIO_CONSOLE_F_MULTIPORT),
  emerg_wr: u32(C.CONSOLE_CONFIG_EMERG_WR).when(C.VIRTIO_CONSOLE_F_EMERG_WRITE).writable(),
};

export type ConsoleConfig = ConfigSpace<keyof typeof FIELDS>;

export function consoleConfig(options: ConsoleOptions): ConsoleConfig {
  const config = new ConfigSpace(FIELDS);
  config.set("max_nr_ports", options.maxPorts);
  return config;
}
