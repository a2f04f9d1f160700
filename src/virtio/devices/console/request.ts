/** Control messages of the console device, as bytes and as values. */
import type { Chain } from "../../chain.ts";
import { CONSOLE_CONTROL_SIZE, VIRTIO_CONSOLE_RESIZE } from "../../spec/console.ts";

/** struct virtio_console_control. */
export interface ControlMessage {
  /** Port number. */
  readonly id: number;
  /** VIRTIO_CONSOLE_* event. */
  readonly event: number;
  readonly value: number;
}

/** Parses what the driver sent, or returns null when it is too short. */
export function parseControl(chain: Chain): ControlMessage | null {
  const bytes = chain.reader().take(CONSOLE_CONTROL_SIZE);
  if (bytes.length < CONSOLE_CONTROL_SIZE) return null;
  const view = new DataView(bytes.buffer);
  return { id: view.getUint32(0, true), event: view.getUint16(4, true), value: view.getUint16(6, true) };
}

/** A message with the event's own bytes after it. */
export function encodeControl(message: ControlMessage, payload: Uint8Array = new Uint8Array()): Uint8Array {
  const bytes = new Uint8Array(CONSOLE_CONTROL_SIZE + payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, message.id, true);
  view.setUint16(4, message.event, true);
  view.setUint16(6, message.value, true);
  bytes.set(payload, CONSOLE_CONTROL_SIZE);
  return bytes;
}

/** struct virtio_console_resize is columns, then rows (5.3.6.2; Linux before 6.16 reads them the other way round in places). */
export function encodeResize(id: number, columns: number, rows: number): Uint8Array {
  const payload = new Uint8Array(4);
  const view = new DataView(payload.buffer);
  view.setUint16(0, columns, true);
  view.setUint16(2, rows, true);
  return encodeControl({ id, event: VIRTIO_CONSOLE_RESIZE, value: 0 }, payload);
}
