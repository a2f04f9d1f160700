/** QEMU's virtio-scsi, driven through its qtest protocol: whose answers those of the devices here have to be. */
import { Qtest } from "../../../../ts/platform/testing/qtest.ts";
import * as M from "../../../spec/mmio.ts";
import type { ScsiAnswer, ScsiInitiator } from "./initiator.ts";

/** The last of the windows of QEMU's `virt`, which the first device gets. */
const WINDOW = 0x0a00_3e00;
const RAM = 0x4000_0000;
const RING_SIZE = 16;
const [REQUEST, DATA_OUT, RESPONSE, DATA_IN] = [0x10_0000, 0x11_0000, 0x20_0000, 0x21_0000].map((at) => RAM + at);
const REQUEST_QUEUE = 2;
const CDB_BYTES = 32;
const SENSE_BYTES = 96;

export class QemuScsi implements ScsiInitiator {
  readonly #qemu: Qtest;
  #sent = 0;

  private constructor(qemu: Qtest) {
    this.#qemu = qemu;
  }

  /** A machine with a controller `scsi0` and what `args` plug into it. */
  static async start(args: readonly string[]): Promise<QemuScsi> {
    const controller = ["-global", "virtio-mmio.force-legacy=false", "-device", "virtio-scsi-device,id=scsi0"];
    const scsi = new QemuScsi(await Qtest.start(...controller, ...args));
    await scsi.#bringUp();
    return scsi;
  }

  async stop(): Promise<void> {
    await this.#qemu.stop();
  }

  async #write(register: number, value: number): Promise<void> {
    await this.#qemu.write(WINDOW + register, 4, value);
  }

  async #bringUp(): Promise<void> {
    for (const status of [0, 1, 3]) await this.#write(M.MMIO_STATUS, status);
    // VIRTIO_F_VERSION_1 and nothing else.
    await this.#write(M.MMIO_DRIVER_FEATURES_SEL, 1);
    await this.#write(M.MMIO_DRIVER_FEATURES, 1);
    await this.#write(M.MMIO_STATUS, 11);
    for (let queue = 0; queue < 3; queue += 1) {
      const base = RAM + queue * 0x1_0000;
      await this.#write(M.MMIO_QUEUE_SEL, queue);
      await this.#write(M.MMIO_QUEUE_SIZE, RING_SIZE);
      await this.#write(M.MMIO_QUEUE_DESC_LOW, base);
      await this.#write(M.MMIO_QUEUE_DRIVER_LOW, base + 0x1000);
      await this.#write(M.MMIO_QUEUE_DEVICE_LOW, base + 0x2000);
      await this.#write(M.MMIO_QUEUE_READY, 1);
    }
    await this.#write(M.MMIO_STATUS, 15);
  }

  async command(
    lun: Uint8Array,
    cdb: readonly number[],
    dataOut: Uint8Array,
    dataInBytes: number,
  ): Promise<ScsiAnswer> {
    const request = new Uint8Array(19 + CDB_BYTES);
    request.set(lun);
    request.set(cdb, 19);
    const qemu = this.#qemu;
    await qemu.writeMemory(REQUEST as number, request);
    await qemu.writeMemory(RESPONSE as number, new Uint8Array(12 + SENSE_BYTES).fill(0xee));
    const buffers = [{ address: REQUEST as number, bytes: request.length, flags: 0 }];
    if (dataOut.length > 0) {
      await qemu.writeMemory(DATA_OUT as number, dataOut);
      buffers.push({ address: DATA_OUT as number, bytes: dataOut.length, flags: 0 });
    }
    buffers.push({ address: RESPONSE as number, bytes: 12 + SENSE_BYTES, flags: 2 });
    if (dataInBytes > 0) {
      await qemu.writeMemory(DATA_IN as number, new Uint8Array(dataInBytes).fill(0xee));
      buffers.push({ address: DATA_IN as number, bytes: dataInBytes, flags: 2 });
    }
    await this.#send(buffers);
    const response = await qemu.readMemory(RESPONSE as number, 12 + SENSE_BYTES);
    const view = new DataView(response.buffer);
    return {
      response: view.getUint8(11),
      status: view.getUint8(10),
      residual: view.getUint32(4, true),
      sense: [...response.subarray(12, 12 + view.getUint32(0, true))],
      data: dataInBytes > 0 ? await qemu.readMemory(DATA_IN as number, dataInBytes) : new Uint8Array(0),
    };
  }

  async #send(buffers: readonly { address: number; bytes: number; flags: number }[]): Promise<void> {
    const base = RAM + REQUEST_QUEUE * 0x1_0000;
    const table = new DataView(new ArrayBuffer(16 * buffers.length));
    buffers.forEach(({ address, bytes, flags }, index) => {
      table.setBigUint64(16 * index, BigInt(address), true);
      table.setUint32(16 * index + 8, bytes, true);
      table.setUint16(16 * index + 12, flags | (index + 1 < buffers.length ? 1 : 0), true);
      table.setUint16(16 * index + 14, index + 1, true);
    });
    await this.#qemu.writeMemory(base, new Uint8Array(table.buffer));
    await this.#qemu.write(base + 0x1000 + 4 + 2 * (this.#sent % RING_SIZE), 2, 0);
    this.#sent += 1;
    await this.#qemu.write(base + 0x1000 + 2, 2, this.#sent);
    await this.#write(M.MMIO_QUEUE_NOTIFY, REQUEST_QUEUE);
    for (let turn = 0; (await this.#qemu.read(base + 0x2000 + 2, 2)) !== (this.#sent & 0xffff); turn += 1) {
      if (turn === 10_000) throw new Error("QEMU does not answer a SCSI command");
    }
  }
}
