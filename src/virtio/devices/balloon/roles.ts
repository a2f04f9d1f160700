/**
 * Which queue does what. The specification gives each optional queue a fixed number; Linux and QEMU count only those
 * that are in use. Both are right where all are; otherwise the queues that the driver has set up tell which it means.
 */
import {
  BALLOON_DEFLATEQ,
  BALLOON_FREE_PAGE_VQ,
  BALLOON_INFLATEQ,
  BALLOON_REPORTING_VQ,
  BALLOON_STATSQ,
  VIRTIO_BALLOON_F_FREE_PAGE_HINT,
  VIRTIO_BALLOON_F_PAGE_REPORTING,
  VIRTIO_BALLOON_F_STATS_VQ,
} from "../../spec/balloon.ts";

/** The queues with their names, in the order of their numbers, and the feature without which there is none. */
export const BALLOON_QUEUES = [
  { name: "inflateq", number: BALLOON_INFLATEQ, feature: null },
  { name: "deflateq", number: BALLOON_DEFLATEQ, feature: null },
  { name: "statsq", number: BALLOON_STATSQ, feature: VIRTIO_BALLOON_F_STATS_VQ },
  { name: "free_page_vq", number: BALLOON_FREE_PAGE_VQ, feature: VIRTIO_BALLOON_F_FREE_PAGE_HINT },
  { name: "reporting_vq", number: BALLOON_REPORTING_VQ, feature: VIRTIO_BALLOON_F_PAGE_REPORTING },
] as const;

export type BalloonRole = (typeof BALLOON_QUEUES)[number]["name"];

/** What queue `index` is for, by the features that hold and the queues that are set up; null for nothing. */
export function balloonRole(
  index: number,
  has: (feature: number) => boolean,
  isReady: (index: number) => boolean,
): BalloonRole | null {
  const used = BALLOON_QUEUES.filter(({ feature }) => feature === null || has(feature));
  const asSpecified = used.every(({ number }) => isReady(number));
  const row = asSpecified ? used.find(({ number }) => number === index) : used[index];
  return row?.name ?? null;
}

/** The number of the queue with that role, or -1. */
export function balloonQueue(
  role: BalloonRole,
  has: (feature: number) => boolean,
  isReady: (index: number) => boolean,
): number {
  return BALLOON_QUEUES.findIndex((_, index) => balloonRole(index, has, isReady) === role);
}
