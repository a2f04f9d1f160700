/** The console device and its ports as the registry knows them. Property names are QEMU's. */
import type { CharBackend } from "../../backends.ts";
import { DeviceOptionError, type PropertyTable, type PropertyValues } from "../../properties.ts";
import { type BackendContext, type ChildDefinition, type DeviceDefinition, NO_CONTROLS } from "../../definition.ts";
import { VirtioConsole } from "./device.ts";

/** QEMU's default, and its limit on port numbers. */
const MAX_PORTS = 31;
/** `nr` when the user did not choose. */
const ANY_PORT = 0xffff_ffff;

export const SERIAL: DeviceDefinition = {
  name: "virtio-serial",
  doc: "consoles and serial ports",
  properties: {
    max_ports: { type: "int", default: MAX_PORTS, min: 1, max: MAX_PORTS, doc: "ports that can be added" },
    "emergency-write": { type: "bool", default: true, doc: "offer VIRTIO_CONSOLE_F_EMERG_WRITE" },
  },
  // Communication, other. All queues share a vector, as in QEMU.
  pci: { deviceClass: 0x0780, vectors: () => 2 },
  make(bus, properties, context) {
    return new VirtioConsole(bus, context.timers, {
      maxPorts: properties.int("max_ports"),
      emergencyWrite: properties.bool("emergency-write"),
    });
  },
};

const PORT_PROPERTIES: PropertyTable = {
  chardev: { type: "id", required: false, doc: "id of the character device" },
  name: { type: "string", default: "", maxBytes: 255, doc: "name that the guest sees" },
  nr: { type: "int", default: ANY_PORT, min: 0, max: ANY_PORT, doc: "port number; the next free one without it" },
};

function backendOf(name: string, properties: PropertyValues, context: BackendContext): CharBackend | null {
  const id = properties.string("chardev");
  if (id === "") return null;
  const backend = context.char(id);
  if (backend === null) throw new DeviceOptionError(`${name}: there is no character device with the id "${id}".`);
  return backend;
}

function portDefinition(name: string, doc: string, isConsole: boolean): ChildDefinition<VirtioConsole> {
  return {
    name,
    doc,
    parent: SERIAL.name,
    properties: PORT_PROPERTIES,
    add(device, properties, context) {
      const wanted = properties.int("nr");
      const nr = wanted === ANY_PORT ? device.freePort(isConsole) : wanted;
      if (nr < 0)
        throw new DeviceOptionError(`${name}: all ${device.maxPorts} ports of the virtio-serial device are in use.`);
      if (nr >= device.maxPorts) {
        throw new DeviceOptionError(
          `${name}: nr=${nr}, but the virtio-serial device has ports 0 to ${device.maxPorts - 1}.`,
        );
      }
      if (nr === 0 && !isConsole) throw new DeviceOptionError(`${name}: port 0 is kept for a virtconsole.`);
      if (device.port(nr) !== null) throw new DeviceOptionError(`${name}: port ${nr} is in use.`);
      device.addPort({ nr, name: properties.string("name"), isConsole, backend: backendOf(name, properties, context) });
      return NO_CONTROLS;
    },
  };
}

export const VIRTCONSOLE = portDefinition("virtconsole", "console on a virtio-serial device", true);
export const VIRTSERIALPORT = portDefinition("virtserialport", "serial port on a virtio-serial device", false);
