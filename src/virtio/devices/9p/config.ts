/** Configuration space and feature table of the 9P device. */
import type { FeatureRow } from "../../features.ts";
import { bytes, ConfigSpace, u16 } from "../../layout.ts";
import * as P from "../../spec/9p.ts";

/** Longest mount tag; QEMU's limit. */
export const MAX_TAG_BYTES = 31;

export function ninePFeatures(): FeatureRow[] {
  return [{ bit: P.VIRTIO_9P_MOUNT_TAG, name: "VIRTIO_9P_MOUNT_TAG" }];
}

/** struct virtio_9p_config: as long as its tag. */
export function ninePConfig(mountTag: string): ConfigSpace<"tag_len" | "tag"> {
  const tag = new TextEncoder().encode(mountTag);
  const config = new ConfigSpace({
    tag_len: u16(P.P9_CONFIG_TAG_LEN).when(P.VIRTIO_9P_MOUNT_TAG),
    tag: bytes(P.P9_CONFIG_TAG, tag.length).when(P.VIRTIO_9P_MOUNT_TAG),
  });
  config.load([tag.length & 0xff, tag.length >> 8, ...tag]);
  return config;
}
