/** The channel commands of virtio (virtio 1.4, 4.3.2): one row each, with what it reads, does and answers. */
import * as C from "../../spec/ccw.ts";
import { STATUS_DEVICE_NEEDS_RESET, STATUS_FEATURES_OK } from "../../spec/status.ts";
import type { Address } from "../../virtqueue.ts";
import { placeLegacyRing } from "../legacy-rings.ts";
import type { ChannelCommand, CommandAnswer } from "./channel-program.ts";
import type { VirtioCcw } from "./ccw.ts";

/** A command of virtio, for a device at a revision. */
export interface VirtioCommand {
  /** The first revision that has it. */
  readonly since: number;
  make(transport: VirtioCcw): ChannelCommand;
}

type Run = (transport: VirtioCcw, block: DataView<ArrayBuffer>) => CommandAnswer | boolean;

/** A command with a block of one size. `run` answers false for a refusal. */
function fixed(sizeBytes: number, run: Run, since = C.VIRTIO_CCW_REV_LEGACY): VirtioCommand {
  return {
    since,
    make: (transport) => ({
      sizeBytes,
      length: "exact",
      run: (data) => {
        const answer = run(transport, new DataView(data.buffer));
        if (typeof answer !== "boolean") return answer;
        return answer ? "done" : "reject";
      },
    }),
  };
}

/** A 64-bit number; what is lost above 2^53 is no address of memory. */
function u64(block: DataView, at: number): number {
  return block.getUint32(at) * 2 ** 32 + block.getUint32(at + 4);
}

function setAddress(area: Address, block: DataView, at: number): void {
  area.high = block.getUint32(at);
  area.low = block.getUint32(at + 4);
}

/** 4.3.2.2: an address of 0 stops the queue. */
function setQueue({ bus }: VirtioCcw, block: DataView): boolean {
  const queue = bus.queue(block.getUint16(C.VQ_INFO_INDEX));
  if (queue === null) return false;
  bus.disableQueue(queue);
  if (u64(block, C.VQ_INFO_DESC) === 0) return true;
  queue.size = block.getUint16(C.VQ_INFO_NUM);
  setAddress(queue.desc, block, C.VQ_INFO_DESC);
  setAddress(queue.driver, block, C.VQ_INFO_DRIVER);
  setAddress(queue.device, block, C.VQ_INFO_DEVICE);
  bus.enableQueue(queue);
  return queue.ready;
}

/** 4.3.2.2.2, the legacy block. */
function setLegacyQueue({ bus }: VirtioCcw, block: DataView): boolean {
  const queue = bus.queue(block.getUint16(C.VQ_INFO_INDEX));
  if (queue === null) return false;
  bus.disableQueue(queue);
  const address = u64(block, C.VQ_INFO_DESC);
  if (address === 0) return true;
  if (block.getUint32(C.VQ_INFO_LEGACY_ALIGN) !== C.VQ_LEGACY_ALIGN) return false;
  queue.size = block.getUint16(C.VQ_INFO_NUM);
  placeLegacyRing(queue, address, C.VQ_LEGACY_ALIGN);
  bus.enableQueue(queue);
  return queue.ready;
}

/** 4.3.2.3.2: where the status cannot become what was written, it stays and the command is rejected. */
function writeStatus({ bus }: VirtioCcw, block: DataView): boolean {
  const value = block.getUint8(0);
  const kept = bus.status & ~STATUS_DEVICE_NEEDS_RESET;
  if (value !== 0 && (kept & ~value) !== 0) {
    bus.log.guestError(`${bus.place}: status bits cleared without a reset`, `0x${value.toString(16)}`);
    return false;
  }
  // Only the device says that it needs a reset.
  if ((value & ~bus.status & STATUS_DEVICE_NEEDS_RESET) !== 0) return false;
  if ((value & ~bus.status & STATUS_FEATURES_OK) !== 0) {
    bus.writeStatus(kept | STATUS_FEATURES_OK);
    if ((bus.status & STATUS_FEATURES_OK) === 0) return false;
  }
  bus.writeStatus(value);
  return true;
}

/** 4.3.2.4: words beyond those that the interface has are 0, and a driver has nothing to accept there. */
function readFeatures({ bus }: VirtioCcw, block: DataView<ArrayBuffer>): CommandAnswer {
  block.setUint32(0, bus.deviceFeatures(block.getUint8(C.FEATURE_DESC_INDEX)), true);
  return new Uint8Array(block.buffer);
}

function writeFeatures({ bus }: VirtioCcw, block: DataView): boolean {
  const index = block.getUint8(C.FEATURE_DESC_INDEX);
  const bits = block.getUint32(0, true);
  const words = bus.mode === "legacy" ? 1 : FEATURE_WORDS;
  if (index < words) bus.setDriverFeatures(index, bits);
  else if (bits !== 0) {
    bus.log.guestError(`${bus.place}: features accepted that do not exist`, `word ${index}: 0x${bits.toString(16)}`);
  }
  return index < words || bits === 0;
}

/** Words that a set of features has; the specification defines none of the others. */
const FEATURE_WORDS = 4;

function readQueueConfig({ bus }: VirtioCcw, block: DataView<ArrayBuffer>): CommandAnswer {
  block.setUint16(C.VQ_CONFIG_MAX_NUM, bus.queue(block.getUint16(0))?.sizeMax ?? 0);
  return new Uint8Array(block.buffer);
}

/** The configuration space: as much of its beginning as the driver asks for. */
function configuration(run: Run): VirtioCommand {
  return {
    since: C.VIRTIO_CCW_REV_LEGACY,
    make: (transport) => {
      const command = fixed(transport.configBytes, run).make(transport);
      return { ...command, length: "short" };
    },
  };
}

function readConfig({ bus }: VirtioCcw, block: DataView): CommandAnswer {
  return Uint8Array.from({ length: block.byteLength }, (_, offset) => bus.readConfig(offset, 1));
}

/** The whole of it comes back from the driver: what differs from what we show is its writes. */
function writeConfig(transport: VirtioCcw, block: DataView): CommandAnswer {
  transport.takeConfig(new Uint8Array(block.buffer));
  return "done";
}

function setAdapterIndicators({ indicators, bus }: VirtioCcw, block: DataView): boolean {
  const area = {
    summary: u64(block, C.THININT_SUMMARY),
    indicator: u64(block, C.THININT_INDICATOR),
    bitNr: u64(block, C.THININT_BIT_NR),
    isc: block.getUint8(C.THININT_ISC),
  };
  return indicators.setAdapter(area, bus.queues.length);
}

/** More queues than there are classic indicators cannot be signalled that way. */
function setIndicators({ indicators, bus }: VirtioCcw, block: DataView): boolean {
  return bus.queues.length <= C.CLASSIC_INDICATOR_BITS && indicators.setQueues(u64(block, 0));
}

/** SET_VIRTIO_REV has data behind its block in revisions that do not exist yet; a length says so and is refused. */
const SET_REVISION: VirtioCommand = fixed(C.REV_INFO_SIZE, (transport, block) => {
  const length = block.getUint16(C.REV_INFO_LENGTH);
  return length === 0 && transport.selectRevision(block.getUint16(C.REV_INFO_REVISION));
});

/** Queue setup has another block in the legacy revision. */
const SET_VQ: VirtioCommand = {
  since: C.VIRTIO_CCW_REV_LEGACY,
  make: (transport) =>
    transport.bus.mode === "legacy"
      ? fixed(C.VQ_INFO_LEGACY_SIZE, setLegacyQueue).make(transport)
      : fixed(C.VQ_INFO_SIZE, setQueue).make(transport),
};

export const VIRTIO_COMMANDS: ReadonlyMap<number, VirtioCommand> = new Map([
  [C.CCW_CMD_SET_VIRTIO_REV, SET_REVISION],
  [C.CCW_CMD_SET_VQ, SET_VQ],
  [
    C.CCW_CMD_VDEV_RESET,
    fixed(0, ({ bus }) => {
      bus.reset();
      return true;
    }),
  ],
  [C.CCW_CMD_SET_IND, fixed(C.INDICATOR_ADDRESS_SIZE, setIndicators)],
  [
    C.CCW_CMD_SET_CONF_IND,
    fixed(C.INDICATOR_ADDRESS_SIZE, ({ indicators }, block) => indicators.setConfig(u64(block, 0))),
  ],
  [C.CCW_CMD_SET_IND_ADAPTER, fixed(C.THININT_SIZE, setAdapterIndicators)],
  [C.CCW_CMD_READ_FEAT, fixed(C.FEATURE_DESC_SIZE, readFeatures)],
  [C.CCW_CMD_WRITE_FEAT, fixed(C.FEATURE_DESC_SIZE, writeFeatures)],
  [C.CCW_CMD_READ_CONF, configuration(readConfig)],
  [C.CCW_CMD_WRITE_CONF, configuration(writeConfig)],
  [C.CCW_CMD_WRITE_STATUS, fixed(1, writeStatus)],
  [C.CCW_CMD_READ_STATUS, fixed(1, ({ bus }) => Uint8Array.of(bus.status), C.VIRTIO_CCW_REV_READ_STATUS)],
  [C.CCW_CMD_READ_VQ_CONF, fixed(C.VQ_CONFIG_SIZE, readQueueConfig)],
]);
