/** Console device (virtio 1.4, chapter "Console Device"). Feature bit numbers, config offsets in bytes. */

export const VIRTIO_CONSOLE_F_SIZE = 0;
export const VIRTIO_CONSOLE_F_MULTIPORT = 1;
export const VIRTIO_CONSOLE_F_EMERG_WRITE = 2;

export const CONSOLE_CONFIG_COLS = 0;
export const CONSOLE_CONFIG_ROWS = 2;
export const CONSOLE_CONFIG_MAX_NR_PORTS = 4;
export const CONSOLE_CONFIG_EMERG_WR = 8;

/** Queue numbers of port 0 and of the control pair; port n > 0 has 2n+2 and 2n+3. */
export const CONSOLE_PORT0_RECEIVEQ = 0;
export const CONSOLE_PORT0_TRANSMITQ = 1;
export const CONSOLE_CONTROL_RECEIVEQ = 2;
export const CONSOLE_CONTROL_TRANSMITQ = 3;

/** struct virtio_console_control: id u32, event u16, value u16, then the event's own bytes. */
export const CONSOLE_CONTROL_SIZE = 8;

export const VIRTIO_CONSOLE_DEVICE_READY = 0;
export const VIRTIO_CONSOLE_DEVICE_ADD = 1;
export const VIRTIO_CONSOLE_DEVICE_REMOVE = 2;
export const VIRTIO_CONSOLE_PORT_READY = 3;
export const VIRTIO_CONSOLE_CONSOLE_PORT = 4;
export const VIRTIO_CONSOLE_RESIZE = 5;
export const VIRTIO_CONSOLE_PORT_OPEN = 6;
export const VIRTIO_CONSOLE_PORT_NAME = 7;
