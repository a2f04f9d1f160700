/** Entropy device (virtio 1.4, chapter "Entropy Device"): one queue, no features, no configuration. */

export const RNG_REQUESTQ = 0;
