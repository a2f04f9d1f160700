/** The network's end of a card's cable for tests. */
import type { NetBackend, NetFrontend, NetPacket } from "../backends.ts";

export class NetEnd implements NetBackend {
  readonly linkUp: boolean;
  /** What the guest has sent. */
  readonly sent: NetPacket[] = [];
  private frontend: NetFrontend | null = null;

  constructor(linkUp = true) {
    this.linkUp = linkUp;
  }

  get attached(): boolean {
    return this.frontend !== null;
  }

  /** The device's end. */
  get device(): NetFrontend {
    if (this.frontend === null) throw new Error("no device is attached");
    return this.frontend;
  }

  attach(frontend: NetFrontend): void {
    this.frontend = frontend;
  }

  send(packet: NetPacket): void {
    this.sent.push(packet);
  }
}
