/** An echo: what the driver says in the readable part of a chain comes back in the writable part. */
import type { VirtioBus } from "../../../../bus.ts";
import type { Chain } from "../../../../chain.ts";
import { VirtioDevice } from "../../../../device.ts";
import { ConfigSpace, u32 } from "../../../../layout.ts";
import { StateReader } from "../../../../state.ts";
import type { QueueSpec, Virtqueue } from "../../../../virtqueue.ts";
import { ECHO_CONFIG_ECHOED, VIRTIO_ECHO_F_UPPERCASE, VIRTIO_ID_ECHO } from "../../spec/echo.ts";

/** Bytes moved at a time: a guest's length must not become the host's memory. */
const PIECE_BYTES = 4096;

const STATE = { name: "virtio-echo", version: 1 };

export class VirtioEcho extends VirtioDevice {
  readonly id = VIRTIO_ID_ECHO;
  readonly name = "virtio-echo";
  readonly legacy = false;
  readonly features = [{ bit: VIRTIO_ECHO_F_UPPERCASE, name: "VIRTIO_ECHO_F_UPPERCASE" }];
  readonly config = new ConfigSpace({ echoed: u32(ECHO_CONFIG_ECHOED) });
  readonly queues: readonly QueueSpec[];

  constructor(bus: VirtioBus, queueSize: number) {
    super(bus);
    this.queues = [{ name: "echoq", sizeMax: queueSize }];
  }

  onQueue(queue: Virtqueue): void {
    queue.drain((chain) => {
      this.serve(chain);
      return true;
    });
  }

  private serve(chain: Chain): void {
    const reader = chain.reader();
    const writer = chain.writer();
    while (reader.remaining > 0 && writer.remaining > 0) {
      const bytes = reader.take(Math.min(PIECE_BYTES, writer.remaining));
      writer.write(this.bus.has(VIRTIO_ECHO_F_UPPERCASE) ? bytes.map(upperCase) : bytes);
    }
    this.config.set("echoed", (this.config.get("echoed") + writer.written) >>> 0);
    chain.queue.push(chain, writer.written);
  }

  save(): unknown {
    return STATE;
  }

  load(state: unknown): void {
    StateReader.open(state, STATE.name, STATE.version);
  }

  serveRestored(chain: Chain): void {
    this.serve(chain);
    chain.queue.flush();
  }
}

/** ASCII letters only. */
function upperCase(byte: number): number {
  return byte >= 0x61 && byte <= 0x7a ? byte - 0x20 : byte;
}
