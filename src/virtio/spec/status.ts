/** Device status bits (virtio 1.4, 2.1). */

export const STATUS_ACKNOWLEDGE = 1;
export const STATUS_DRIVER = 2;
export const STATUS_DRIVER_OK = 4;
export const STATUS_FEATURES_OK = 8;
/** The device has met an error that it cannot recover from; only reset clears it. */
export const STATUS_DEVICE_NEEDS_RESET = 64;
export const STATUS_FAILED = 128;
