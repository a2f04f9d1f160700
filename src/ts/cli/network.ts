/** What a machine in a terminal has of networks: UDP sockets, channels inside the process, captures in files. */
import { createSocket, type Socket } from "node:dgram";
import { closeSync, openSync, writeSync } from "node:fs";
import { networkInterfaces } from "node:os";
import type { CaptureConfig } from "../config/machine-config.ts";
import { openBroadcastChannel } from "../net/broadcast-channel.ts";
import type { CaptureSink, DatagramGroup, MulticastAddress, NetworkServices } from "../net/network.ts";
import { fileError, HostError } from "./host-error.ts";

/** Datagrams that the system has not taken yet; further ones are lost. */
const MAX_UNSENT = 256;

/** `say` hears sentences for the user about what goes wrong later. */
export function nodeNetwork(say: (sentence: string) => void): NetworkServices {
  return {
    openChannel: openBroadcastChannel,
    openMulticast: (group, receive) => joinGroup(group, receive),
    openCapture: (capture) => openCapture(capture, say),
  };
}

async function joinGroup(
  { address, port, localAddress }: MulticastAddress,
  receive: (datagram: Uint8Array) => void,
): Promise<DatagramGroup> {
  const incoming = createSocket({ type: "udp4", reuseAddr: true });
  // Its port tells what this machine has sent itself, which the group gives back: others of this host are in it, too.
  const outgoing = createSocket("udp4");
  const local = localAddress ?? undefined;
  try {
    await bind(incoming, port, address);
    incoming.addMembership(address, local);
    await bind(outgoing, 0, localAddress ?? "0.0.0.0");
    if (local !== undefined) outgoing.setMulticastInterface(local);
    outgoing.setMulticastLoopback(true);
  } catch (error) {
    incoming.close();
    outgoing.close();
    const reason = error instanceof Error ? error.message : String(error);
    throw new HostError(
      `The multicast group ${address}:${port} cannot be joined (${reason}). Name an interface of this computer with localaddr=, 127.0.0.1 for machines on it alone.`,
      { cause: error },
    );
  }
  const own = new Set(localAddress === null ? localAddresses() : [localAddress]);
  const { port: ownPort } = outgoing.address();
  incoming.on("message", (datagram, sender) => {
    if (sender.port !== ownPort || !own.has(sender.address)) receive(datagram);
  });
  // A wire loses what it cannot carry: an interface that is down, a group that nobody is in.
  outgoing.on("error", () => undefined);
  incoming.on("error", () => undefined);
  let unsent = 0;
  return {
    send(datagram) {
      if (unsent === MAX_UNSENT) return;
      unsent += 1;
      outgoing.send(datagram, port, address, () => {
        unsent -= 1;
      });
    },
    close() {
      incoming.close();
      outgoing.close();
    },
  };
}

function localAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((rows) => (rows ?? []).map(({ address }) => address));
}

function bind(socket: Socket, port: number, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once("error", reject);
    socket.bind(port, address, () => {
      socket.off("error", reject);
      resolve();
    });
  });
}

/** Frames reach the file at once, so that it is whole however this process ends. */
function openCapture({ file }: CaptureConfig, say: (sentence: string) => void): CaptureSink {
  let descriptor: number | null;
  try {
    descriptor = openSync(file, "w");
  } catch (error) {
    throw fileError(file, error);
  }
  const close = (): void => {
    if (descriptor !== null) closeSync(descriptor);
    descriptor = null;
  };
  return {
    write(bytes) {
      if (descriptor === null) return false;
      try {
        for (let done = 0; done < bytes.length; ) done += writeSync(descriptor, bytes, done);
        return true;
      } catch (error) {
        close();
        say(`The capture ends. ${fileError(file, error).message}`);
        return false;
      }
    },
    close,
  };
}
