import { ConfigSpace, u16, u32 } from "../../layout.ts";
import * as N from "../../spec/net.ts";

const FIELDS = {
  // Six bytes, which only drivers of the legacy interface may write.
  mac_low: u32(N.NET_CONFIG_MAC).when(N.VIRTIO_NET_F_MAC).writable(),
  mac_high: u16(N.NET_CONFIG_MAC + 4)
    .when(N.VIRTIO_NET_F_MAC)
    .writable(),
  status: u16(N.NET_CONFIG_STATUS).when(N.VIRTIO_NET_F_STATUS),
  mtu: u16(N.NET_CONFIG_MTU).when(N.VIRTIO_NET_F_MTU),
};

export type NetConfig = ConfigSpace<keyof typeof FIELDS>;

/** struct virtio_net_config. */
export function netConfig(): NetConfig {
  return new ConfigSpace(FIELDS);
}

/** The card's address as the configuration space has it. */
export function configMac(config: NetConfig): Uint8Array {
  return Uint8Array.from(config.save().slice(N.NET_CONFIG_MAC, N.NET_CONFIG_MAC + 6));
}

export function setConfigMac(config: NetConfig, mac: Uint8Array): void {
  const view = new DataView(mac.buffer, mac.byteOffset, 6);
  config.set("mac_low", view.getUint32(0, true));
  config.set("mac_high", view.getUint16(4, true));
}
