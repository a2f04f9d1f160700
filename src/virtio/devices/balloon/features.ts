import type { FeatureRow } from "../../features.ts";
import * as B from "../../spec/balloon.ts";

/** What of a balloon's options decides about its features. */
export interface BalloonFeatureOptions {
  readonly deflateOnOom: boolean;
  readonly freePageHint: boolean;
  readonly freePageReporting: boolean;
  readonly pagePoison: boolean;
}

/** The feature bits of a balloon with these options. MUST_TELL_HOST is not among them, as in QEMU. */
export function balloonFeatures(options: BalloonFeatureOptions): FeatureRow[] {
  const rows: readonly [boolean, FeatureRow][] = [
    [true, { bit: B.VIRTIO_BALLOON_F_STATS_VQ, name: "VIRTIO_BALLOON_F_STATS_VQ" }],
    [options.deflateOnOom, { bit: B.VIRTIO_BALLOON_F_DEFLATE_ON_OOM, name: "VIRTIO_BALLOON_F_DEFLATE_ON_OOM" }],
    [options.freePageHint, { bit: B.VIRTIO_BALLOON_F_FREE_PAGE_HINT, name: "VIRTIO_BALLOON_F_FREE_PAGE_HINT" }],
    [options.pagePoison, { bit: B.VIRTIO_BALLOON_F_PAGE_POISON, name: "VIRTIO_BALLOON_F_PAGE_POISON" }],
    [options.freePageReporting, { bit: B.VIRTIO_BALLOON_F_PAGE_REPORTING, name: "VIRTIO_BALLOON_F_PAGE_REPORTING" }],
  ];
  return rows.filter(([offered]) => offered).map(([, row]) => row);
}
