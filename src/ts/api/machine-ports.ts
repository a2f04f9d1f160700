import { FailureError } from "../protocol/failure.ts";
import type { FromWorker, PortDescription, PortMessage } from "../protocol/messages.ts";
import { MachinePort } from "./machine-port.ts";

/** What the worker says of ports. */
export type PortEvent = Extract<FromWorker, { kind: "port-output" | "port-taken" | "port-guest" }>;

/** The ports of one machine that the page may use, and those of them that it does. */
export class MachinePorts {
  readonly #post: (message: PortMessage) => void;
  readonly #open = new Map<string, MachinePort>();
  #known: readonly PortDescription[] = [];

  constructor(post: (message: PortMessage) => void) {
    this.#post = post;
  }

  /** The machine was built, with these ports. */
  describe(ports: readonly PortDescription[]): void {
    this.#known = ports;
  }

  /** By the name that the guest sees, else by the id of its character device. Throws a FailureError where there is none. */
  get(name: string): MachinePort {
    const description = this.#known.find((port) => port.name === name) ?? this.#known.find(({ id }) => id === name);
    if (description === undefined) throw noPortError(name, this.#known);
    const { id } = description;
    const port = this.#open.get(id) ?? new MachinePort(id, this.#post);
    this.#open.set(id, port);
    return port;
  }

  onMessage(message: PortEvent): void {
    const port = this.#open.get(message.port);
    switch (message.kind) {
      case "port-output":
        port?.deliver(message.bytes);
        break;
      case "port-taken":
        port?.taken(message.byteCount);
        break;
      case "port-guest":
        port?.setGuestOpen(message.open);
        break;
    }
  }

  /** The machine is gone. */
  end(error: Error): void {
    for (const port of this.#open.values()) port.end(error);
    this.#open.clear();
    this.#known = [];
  }
}

function noPortError(name: string, ports: readonly PortDescription[]): FailureError {
  const known = ports.map((port) => `"${port.name === "" ? port.id : port.name}"`).join(", ");
  return new FailureError({
    code: "not-found",
    message: `This machine has no port "${name}" that the page could use.${known === "" ? "" : ` It has ${known}.`}`,
    advice: `A port is made by -device virtio-serial-device -chardev socket,id=p,path=p -device virtserialport,chardev=p,name=${name} and is there once the machine was started.`,
    url: null,
  });
}
