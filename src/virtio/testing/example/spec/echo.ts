/** The echo device: an example, in no specification. */

/** The highest ID that virtio over PCI has a device ID for; none is assigned to it. */
export const VIRTIO_ID_ECHO = 63;

/** The driver wants capital letters back. */
export const VIRTIO_ECHO_F_UPPERCASE = 0;

/** Configuration: how many bytes came back so far, le32. */
export const ECHO_CONFIG_ECHOED = 0;
