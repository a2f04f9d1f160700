/** The device here as an initiator sees it, over any transport of the test harness. */
import type { BlockBackend } from "../../../backends.ts";
import type { PropertyValue } from "../../../properties.ts";
import { type CreatedDevice, createDevice } from "../../../registry.ts";
import * as V from "../../../spec/scsi.ts";
import type { DriverBuffer } from "../../../testing/driver-ring.ts";
import { type Configuration, Harness } from "../../../testing/harness.ts";
import type { VirtioScsi } from "../device.ts";
import type { ScsiAnswer, ScsiInitiator } from "./initiator.ts";

/** A device with the properties of a command line, by its name. */
export type Plugged = readonly [name: string, properties: Readonly<Record<string, PropertyValue>>];

const RESPONSE_BYTES = V.SCSI_RESP_CMD_HEADER_SIZE + V.VIRTIO_SCSI_SENSE_DEFAULT_SIZE;

export class HarnessScsi implements ScsiInitiator {
  readonly vm: Harness;
  readonly scsi: VirtioScsi;
  readonly configuration: Configuration;
  private nextId = 0xffff_ffff_0000_0000n;

  constructor(
    configuration: Configuration,
    disks: Readonly<Record<string, BlockBackend>>,
    plugged: readonly Plugged[],
    properties = {},
    ramBytes = 0x40_0000,
  ) {
    this.configuration = configuration;
    this.vm = new Harness(configuration.transport, "virtio-scsi", properties, {
      backends: { disks },
      ramBytes,
    });
    this.scsi = this.vm.created.device as VirtioScsi;
    for (const [name, values] of plugged) this.plug(name, values);
  }

  plug(name: string, properties: Readonly<Record<string, PropertyValue>>): CreatedDevice {
    return createDevice(name, properties, this.vm.context);
  }

  /** Brings the device up with the control, event and first request queue. */
  start(queues: readonly number[] = [0, 1, 2], size = 64): void {
    this.vm.start(this.configuration, queues, { size });
  }

  /** The device-readable header of a command. */
  header(
    lun: Uint8Array,
    cdb: readonly number[],
    id = this.nextId,
    cdbBytes = V.VIRTIO_SCSI_CDB_DEFAULT_SIZE,
  ): Uint8Array {
    const bytes = new Uint8Array(V.SCSI_REQ_CMD_HEADER_SIZE + cdbBytes);
    bytes.set(lun);
    new DataView(bytes.buffer).setBigUint64(V.SCSI_REQ_CMD_ID, id, true);
    bytes.set(cdb, V.SCSI_REQ_CMD_HEADER_SIZE);
    return bytes;
  }

  async command(
    lun: Uint8Array,
    cdb: readonly number[],
    dataOut: Uint8Array,
    dataInBytes: number,
  ): Promise<ScsiAnswer & { length: number }> {
    const { vm } = this;
    this.nextId += 1n;
    const response = vm.in(RESPONSE_BYTES);
    const into = dataInBytes > 0 ? [vm.in(dataInBytes)] : [];
    const out = dataOut.length > 0 ? [vm.out(dataOut)] : [];
    const chain = [vm.out(this.header(lun, cdb)), ...out, response, ...into];
    const { length } = await vm.transact(chain, this.configuration.style, V.SCSI_REQUESTQ);
    return { ...this.answer(response), data: into[0] === undefined ? new Uint8Array(0) : vm.content(into[0]), length };
  }

  /** What a response says. */
  answer(response: DriverBuffer): Omit<ScsiAnswer, "data"> {
    const bytes = this.vm.content(response);
    const view = new DataView(bytes.buffer);
    return {
      response: view.getUint8(V.SCSI_RESP_CMD_RESPONSE),
      status: view.getUint8(V.SCSI_RESP_CMD_STATUS),
      residual: view.getUint32(V.SCSI_RESP_CMD_RESIDUAL, true),
      sense: [...bytes.subarray(12, 12 + view.getUint32(V.SCSI_RESP_CMD_SENSE_LEN, true))],
    };
  }
}
