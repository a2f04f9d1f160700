/** The control queue: task management and asynchronous notification (virtio 1.4, 5.6.6.2). */
import type { BlockUnit } from "../../../scsi/block-unit.ts";
import type { ScsiDomain, UnitAddress } from "../../../scsi/domain.ts";
import type { Chain } from "../../chain.ts";
import * as V from "../../spec/scsi.ts";
import type { Execution } from "./execution.ts";
import type { LunAddress } from "./lun.ts";
import { type ControlRequest, parseControl } from "./request.ts";

/** What control requests need from their device. */
export interface ControlHost {
  readonly domain: ScsiDomain<BlockUnit>;
  /** Everything that the driver has sent and does not have back. */
  readonly tasks: Iterable<Execution>;
  /** Takes what waits in the request queues: the driver sent it before it asked. */
  takeAll(): void;
  /** Asynchronous notifications that the driver wants of a unit: VIRTIO_SCSI_EVT_ASYNC_* bits. */
  readonly subscriptions: WeakMap<BlockUnit, number>;
  guestError(place: string, detail: string): void;
}

type TaskManagement = Extract<ControlRequest, { kind: "tmf" }>;
type Notification = Extract<ControlRequest, { kind: "an" }>;

/** Serves one chain of the control queue; it goes back at once, or when the last aborted command has gone back. */
export function serveControl(host: ControlHost, chain: Chain, give: (written: number) => void): void {
  const request = parseControl(chain);
  switch (request?.kind) {
    case "tmf":
      manageTasks(host, request, (response) => give(chain.writer().write(Uint8Array.of(response))));
      break;
    case "an":
      give(chain.writer().write(notify(host, request)));
      break;
    case "unknown":
      host.guestError("control request of an unknown type", String(request.type));
      give(0);
      break;
    case undefined:
      host.guestError(
        "control request too short",
        `${chain.readableBytes} bytes to read, ${chain.writableBytes} to write`,
      );
      give(0);
      break;
  }
}

/** The unit that an address names, or the response that says why there is none. */
function unitOf(host: ControlHost, address: LunAddress): { unit: BlockUnit; at: UnitAddress } | number {
  if (address.kind === "report-luns") return V.VIRTIO_SCSI_S_INCORRECT_LUN;
  if (address.kind === "invalid" || !host.domain.hasTarget(address.target)) return V.VIRTIO_SCSI_S_BAD_TARGET;
  const unit = host.domain.unit(address);
  return unit === undefined ? V.VIRTIO_SCSI_S_INCORRECT_LUN : { unit, at: address };
}

function manageTasks(host: ControlHost, request: TaskManagement, respond: (response: number) => void): void {
  const { subtype, address } = request;
  host.takeAll();
  if (subtype === V.VIRTIO_SCSI_T_TMF_I_T_NEXUS_RESET) {
    resetNexus(host, address, respond);
    return;
  }
  const found = unitOf(host, address);
  if (typeof found === "number") {
    respond(found);
    return;
  }
  const ofUnit = [...host.tasks].filter(({ unit }) => unit === found.unit);
  const ofTask = ofUnit.filter((task) => task.request.id === request.id);
  const exists = (tasks: readonly Execution[]): number =>
    tasks.length > 0 ? V.VIRTIO_SCSI_S_FUNCTION_SUCCEEDED : V.VIRTIO_SCSI_S_FUNCTION_COMPLETE;
  const complete = (): void => respond(V.VIRTIO_SCSI_S_FUNCTION_COMPLETE);
  switch (subtype) {
    case V.VIRTIO_SCSI_T_TMF_ABORT_TASK:
      abortAll(ofTask, V.VIRTIO_SCSI_S_ABORTED, complete);
      break;
    // There is one initiator: its tasks are all there are.
    case V.VIRTIO_SCSI_T_TMF_ABORT_TASK_SET:
    case V.VIRTIO_SCSI_T_TMF_CLEAR_TASK_SET:
      abortAll(ofUnit, V.VIRTIO_SCSI_S_ABORTED, complete);
      break;
    case V.VIRTIO_SCSI_T_TMF_LOGICAL_UNIT_RESET:
      abortAll(ofUnit, V.VIRTIO_SCSI_S_RESET, () => {
        found.unit.reset();
        complete();
      });
      break;
    case V.VIRTIO_SCSI_T_TMF_QUERY_TASK:
      respond(exists(ofTask));
      break;
    case V.VIRTIO_SCSI_T_TMF_QUERY_TASK_SET:
      respond(exists(ofUnit));
      break;
    // There are no auto contingent allegiances to clear.
    default:
      respond(V.VIRTIO_SCSI_S_FUNCTION_REJECTED);
  }
}

function resetNexus(host: ControlHost, address: LunAddress, respond: (response: number) => void): void {
  if (address.kind !== "unit" || !host.domain.hasTarget(address.target)) {
    respond(V.VIRTIO_SCSI_S_BAD_TARGET);
    return;
  }
  const units = [...host.domain.units()].filter(({ target }) => target === address.target).map(({ unit }) => unit);
  const tasks = [...host.tasks].filter(({ unit }) => units.some((other) => other === unit));
  abortAll(tasks, V.VIRTIO_SCSI_S_RESET, () => {
    for (const unit of units) unit.reset();
    respond(V.VIRTIO_SCSI_S_FUNCTION_COMPLETE);
  });
}

/** Ends all `tasks` with `response`; `then` runs when the last one has gone back to the driver. */
export function abortAll(tasks: readonly Execution[], response: number, then: () => void): void {
  let left = tasks.length;
  if (left === 0) then();
  for (const task of tasks) {
    task.abort(response, () => {
      left -= 1;
      if (left === 0) then();
    });
  }
}

/** What can be told about a unit without being asked: its medium changes, somebody wants it out. */
function supportedEvents({ options }: BlockUnit): number {
  if (!options.removable) return 0;
  return V.VIRTIO_SCSI_EVT_ASYNC_MEDIA_CHANGE | V.VIRTIO_SCSI_EVT_ASYNC_EXTERNAL_REQUEST;
}

/** struct virtio_scsi_ctrl_an, its device-writable part. */
function notify(host: ControlHost, request: Notification): Uint8Array {
  const bytes = new Uint8Array(V.SCSI_CTRL_AN_RESP_SIZE);
  const found = unitOf(host, request.address);
  if (typeof found === "number") {
    bytes[4] = found;
    return bytes;
  }
  const actual = request.events & supportedEvents(found.unit);
  if (request.subscribe) host.subscriptions.set(found.unit, actual);
  new DataView(bytes.buffer).setUint32(0, actual, true);
  bytes[4] = V.VIRTIO_SCSI_S_OK;
  return bytes;
}
