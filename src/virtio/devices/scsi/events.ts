/** The event queue: what the driver is told without having asked (virtio 1.4, 5.6.6.3). */
import type { Virtqueue } from "../../virtqueue.ts";
import * as V from "../../spec/scsi.ts";

export interface ScsiEvent {
  readonly event: number;
  /** Eight bytes; all zero where no unit is meant. */
  readonly lun: Uint8Array;
  readonly reason: number;
}

const NO_EVENT: ScsiEvent = { event: V.VIRTIO_SCSI_T_NO_EVENT, lun: new Uint8Array(V.SCSI_LUN_SIZE), reason: 0 };

export class EventQueue {
  /** An event found no buffer: the next buffer says so. */
  missed = false;
  private readonly guestError: (place: string, detail: string) => void;

  constructor(guestError: (place: string, detail: string) => void) {
    this.guestError = guestError;
  }

  /** Sends an event, or remembers that one was missed. */
  send(queue: Virtqueue, event: ScsiEvent): void {
    if (this.deliver(queue, event)) return;
    this.missed = true;
    this.serve(queue);
  }

  /** There may be buffers: what was missed is told now, or as soon as there is one. */
  serve(queue: Virtqueue): void {
    // Each turn uses a buffer up; a driver whose buffers overlap the ring could offer new ones for ever.
    for (let left = queue.size; this.missed && left > 0 && queue.arm(); --left) this.deliver(queue, NO_EVENT);
  }

  /** False where there is no buffer for it. */
  private deliver(queue: Virtqueue, event: ScsiEvent): boolean {
    const chain = queue.pop();
    if (chain === null) return false;
    const isShort = chain.writableBytes < V.SCSI_EVENT_SIZE;
    if (isShort) {
      this.guestError("event buffer too short", `${chain.writableBytes} bytes`);
      queue.push(chain, 0);
    } else {
      const flag = this.missed ? V.VIRTIO_SCSI_T_EVENTS_MISSED : 0;
      this.missed = false;
      queue.push(chain, chain.writer().write(eventBytes(event, flag)));
    }
    queue.flush();
    return !isShort;
  }
}

/** struct virtio_scsi_event. */
function eventBytes({ event, lun, reason }: ScsiEvent, flag: number): Uint8Array {
  const bytes = new Uint8Array(V.SCSI_EVENT_SIZE);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, (event | flag) >>> 0, true);
  bytes.set(lun, 4);
  view.setUint32(12, reason, true);
  return bytes;
}
