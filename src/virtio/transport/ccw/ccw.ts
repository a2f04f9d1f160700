/**
 * Virtio over channel I/O (virtio 1.4, 4.3): no registers, but channel programs. Rings and configuration of revision 0
 * are in the guest's byte order, which is little-endian on the machines here; blocks of commands are big-endian always.
 */
import type { BusEnvironment, VirtioBus } from "../../bus.ts";
import type { Features } from "../../features.ts";
import type { Fact } from "../../inspection.ts";
import type { InterfaceMode } from "../../negotiation.ts";
import {
  CCW_CMD_SET_VIRTIO_REV,
  VIRTIO_CCW_CU_TYPE,
  VIRTIO_CCW_REV_1,
  VIRTIO_CCW_REV_LEGACY,
  VIRTIO_CCW_REV_MAX,
} from "../../spec/ccw.ts";
import { type SavedState, StateReader } from "../../state.ts";
import type { Virtqueue } from "../../virtqueue.ts";
import { writeConfigDifferences } from "../config-differences.ts";
import { ringFeatures } from "../ring-features.ts";
import { SwitchingBus } from "../switching-bus.ts";
import type { VirtioTransport } from "../transport.ts";
import type { ChannelCommand } from "./channel-program.ts";
import { VIRTIO_COMMANDS } from "./commands.ts";
import type { ChannelSubsystem } from "./css.ts";
import { Indicators } from "./indicators.ts";
import type { ChannelDevice, Subchannel } from "./subchannel.ts";

/** How a device is attached. */
export interface CcwOptions {
  /** Device number, or null for the first free one. */
  readonly devno: number | null;
  /** The highest revision that is answered; 0 leaves the legacy interface alone. */
  readonly maxRevision: number;
}

class VirtioCcwBus extends SwitchingBus {
  private readonly transport: VirtioCcw;

  constructor(transport: VirtioCcw, environment: BusEnvironment, mode: InterfaceMode) {
    super(environment, mode);
    this.transport = transport;
  }

  get transportFeatures(): Features {
    return ringFeatures(this.mode, false);
  }

  protected signal(queue: Virtqueue | null): void {
    this.transport.interrupt(queue);
  }

  protected override onReset(): void {
    this.transport.indicators.clear();
  }
}

interface CcwState extends SavedState {
  /** -1 while none is set. */
  readonly revision: number;
  readonly maxRevision: number;
  readonly indicators: unknown;
  readonly subchannel: unknown;
  readonly bus: unknown;
}

const STATE_NAME = "virtio-ccw";
const STATE_VERSION = 1;

/** The proxy device on a subchannel. */
export class VirtioCcw implements VirtioTransport, ChannelDevice {
  readonly kind = "ccw";
  readonly options: CcwOptions;
  readonly indicators: Indicators;
  readonly subchannel: Subchannel;
  private readonly ccwBus: VirtioCcwBus;
  private readonly css: ChannelSubsystem;
  /** The revision that the driver has chosen, null while it has not. */
  private chosen: number | null = null;

  constructor(css: ChannelSubsystem, environment: BusEnvironment, options: CcwOptions) {
    this.css = css;
    this.options = options;
    this.ccwBus = new VirtioCcwBus(this, environment, interfaceOf(options.maxRevision));
    this.indicators = new Indicators(this.ccwBus.memory);
    this.subchannel = css.attach(this, options.devno);
  }

  get bus(): VirtioBus {
    return this.ccwBus;
  }

  /** The revision in force, or null. */
  get revision(): number | null {
    return this.chosen;
  }

  get controlUnit(): { readonly type: number; readonly model: number } {
    return { type: VIRTIO_CCW_CU_TYPE, model: this.ccwBus.deviceId };
  }

  get configBytes(): number {
    return this.ccwBus.device?.config.sizeBytes ?? 0;
  }

  /** Called by the subchannel. Any other command than SET_VIRTIO_REV as the first is one of a legacy driver (4.3.2.1.3). */
  command(code: number): ChannelCommand | null {
    const row = VIRTIO_COMMANDS.get(code);
    if (row === undefined || this.ccwBus.device === null) return null;
    if (code === CCW_CMD_SET_VIRTIO_REV) return row.make(this);
    if (this.chosen === null && !this.selectRevision(VIRTIO_CCW_REV_LEGACY)) return null;
    return (this.chosen ?? 0) >= row.since ? row.make(this) : null;
  }

  /** Chooses a revision, once; false when it is not to be had. */
  selectRevision(revision: number): boolean {
    const { device } = this.ccwBus;
    if (this.chosen !== null || device === null || revision > this.options.maxRevision) return false;
    if (revision === VIRTIO_CCW_REV_LEGACY && !device.legacy) return false;
    this.chosen = revision;
    this.ccwBus.switchTo(interfaceOf(revision));
    return true;
  }

  /** Called by the subchannel: a revision lasts while it is enabled (4.3.2.1.1). */
  onEnabled(): void {
    this.chosen = null;
  }

  /** Called by the subchannel: the hypercall. */
  notify(data: number): void {
    this.ccwBus.notify(data);
  }

  /** Takes the beginning of the configuration space as the driver wants it. */
  takeConfig(theirs: Uint8Array): void {
    const ours = Uint8Array.from(theirs, (_, offset) => this.ccwBus.readConfig(offset, 1));
    writeConfigDifferences(this.ccwBus, ours, theirs);
  }

  /** Called by the bus. */
  interrupt(queue: Virtqueue | null): void {
    if (queue === null) {
      if (this.indicators.signalConfig()) this.subchannel.alert();
      return;
    }
    const target = this.indicators.signalQueue(queue.index);
    if (target === "subchannel") this.subchannel.alert();
    else if (target === "adapter") this.css.adapterInterrupt(this.indicators.area?.isc ?? 0);
  }

  inspect(): readonly Fact[] {
    return [
      { name: "Subchannel", value: this.subchannel.enabled ? "enabled" : "disabled" },
      { name: "Revision", value: this.chosen === null ? "none" : String(this.chosen) },
      { name: "Queue indicators", value: this.indicators.kind },
    ];
  }

  /** Machine reset. */
  reset(): void {
    this.chosen = null;
    this.ccwBus.resetTo(interfaceOf(this.options.maxRevision));
    this.subchannel.reset();
  }

  save(): CcwState {
    return {
      name: STATE_NAME,
      version: STATE_VERSION,
      revision: this.chosen ?? -1,
      maxRevision: this.options.maxRevision,
      indicators: this.indicators.save(),
      subchannel: this.subchannel.save(),
      bus: this.ccwBus.save(),
    };
  }

  load(value: unknown): void {
    const state = StateReader.open(value, STATE_NAME, STATE_VERSION);
    const { maxRevision } = this.options;
    if (state.integer("maxRevision", 0, VIRTIO_CCW_REV_MAX) !== maxRevision)
      throw state.error("it has other revisions");
    const revision = state.integer("revision", -1, maxRevision);
    this.chosen = null;
    if (revision >= 0 && !this.selectRevision(revision)) throw state.error("the device lacks that revision");
    this.ccwBus.switchTo(interfaceOf(revision < 0 ? maxRevision : revision));
    this.ccwBus.load(state.raw("bus"));
    this.indicators.load(state.section("indicators"), this.ccwBus.queues.length);
    this.subchannel.load(state.section("subchannel"));
  }
}

function interfaceOf(revision: number): InterfaceMode {
  return revision >= VIRTIO_CCW_REV_1 ? "modern" : "legacy";
}
