/** Device IDs (virtio 1.4, chapter "Device Types"). */

/** No device: a transport with nothing plugged in. */
export const VIRTIO_ID_NONE = 0;
export const VIRTIO_ID_NET = 1;
export const VIRTIO_ID_BLOCK = 2;
export const VIRTIO_ID_CONSOLE = 3;
export const VIRTIO_ID_RNG = 4;
export const VIRTIO_ID_BALLOON = 5;
export const VIRTIO_ID_SCSI = 8;
export const VIRTIO_ID_9P = 9;
