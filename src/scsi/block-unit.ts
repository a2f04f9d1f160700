/** What disks and CD drives have in common: a medium of blocks, a tray, an identity, pages. */
import type { CommandRow } from "./command.ts";
import { LogicalUnit, type UnitState } from "./logical-unit.ts";
import type { Awaitable, ScsiMedium } from "./medium.ts";
import type { ModePage } from "./mode-pages.ts";
import { SENSE, type Sense } from "./sense.ts";
import type { VpdPage } from "./vpd-pages.ts";

/** Who a unit is. Texts are ASCII; what is too long for its field is cut off. */
export interface UnitIdentity {
  /** 8 characters. */
  readonly vendor: string;
  /** 16 characters. */
  readonly product: string;
  /** Product revision, 4 characters. */
  readonly version: string;
  /** Unit serial number; empty for none. */
  readonly serial: string;
  /** Vendor specific name of the unit in its device identification page; empty for none. */
  readonly deviceId: string;
  /** World wide name (NAA), 0 for none. */
  readonly wwn: bigint;
}

export interface BlockUnitOptions extends UnitIdentity {
  /** Bytes; powers of two of at least 512. */
  readonly logicalBlockSize: number;
  readonly physicalBlockSize: number;
  /** The medium can be taken out. */
  readonly removable: boolean;
  /** Tells initiators that DPO and FUA do something. */
  readonly dpofua: boolean;
  /** 1 for a disk that does not turn, revolutions per minute above 1024, 0 for no statement. */
  readonly rotationRate: number;
  /** The write cache is on after a reset. */
  readonly writeCache: boolean;
}

export interface BlockUnitState extends UnitState {
  readonly trayOpen: boolean;
  readonly locked: boolean;
  readonly writeCache: boolean;
}

export abstract class BlockUnit extends LogicalUnit {
  abstract readonly commands: readonly CommandRow<BlockUnit>[];
  abstract readonly vpdPages: readonly VpdPage[];
  abstract readonly modePages: readonly ModePage[];
  readonly options: BlockUnitOptions;
  private content: ScsiMedium | null;
  private trayOpen = false;
  private locked = false;
  /** Writes may be volatile until the cache is synchronized (WCE of the caching page). */
  writeCache: boolean;
  /** The initiator has opened or closed the tray. */
  onTray: (open: boolean) => void = () => undefined;

  constructor(medium: ScsiMedium | null, options: BlockUnitOptions) {
    super();
    this.content = medium;
    this.options = options;
    this.writeCache = options.writeCache;
  }

  get blockSize(): number {
    return this.options.logicalBlockSize;
  }

  /** What is in the drive and can be used. The tray is closed then. */
  get medium(): ScsiMedium | null {
    return this.trayOpen ? null : this.content;
  }

  get isTrayOpen(): boolean {
    return this.trayOpen;
  }

  /** The initiator has prevented the removal of the medium. */
  get isLocked(): boolean {
    return this.locked;
  }

  /** Whole blocks of the medium. */
  get blockCount(): number {
    return Math.floor((this.medium?.sizeBytes ?? 0) / this.blockSize);
  }

  get isWriteProtected(): boolean {
    return this.medium?.readOnly ?? false;
  }

  notReady(): Sense | null {
    return this.medium === null ? SENSE.mediumNotPresent : null;
  }

  protected find(opcode: number, serviceAction: number): CommandRow<this> | undefined {
    return this.commands.find(
      (row) => row.opcode === opcode && (row.serviceAction === undefined || row.serviceAction === serviceAction),
    );
  }

  /** PREVENT ALLOW MEDIUM REMOVAL. */
  setLocked(locked: boolean): void {
    this.locked = locked;
  }

  /** START STOP UNIT with LOEJ. Why the tray does not move, or null. */
  moveTray(open: boolean): Sense | null {
    if (open && !this.trayOpen && this.locked) {
      return this.content === null ? SENSE.notReadyRemovalPrevented : SENSE.mediumRemovalPrevented;
    }
    if (open !== this.trayOpen) {
      this.trayOpen = open;
      this.onTray(open);
    }
    return null;
  }

  /** Somebody outside puts a medium in, or takes it out with null. */
  changeMedium(medium: ScsiMedium | null): void {
    this.content = medium;
    this.trayOpen = medium === null;
    this.attend(SENSE.attentionMediumNotPresent);
    if (medium !== null) this.attend(SENSE.mediumMayHaveChanged);
  }

  /** Somebody outside wants the medium out. False where the initiator prevents that; it is told of the wish. */
  requestEject(): boolean {
    if (this.locked) {
      this.pressEject();
      return false;
    }
    this.changeMedium(null);
    return true;
  }

  /** The button was pressed on a drive that is locked. */
  protected pressEject(): void {}

  /** The medium has another size now. */
  capacityChanged(): void {
    this.attend(SENSE.capacityDataHasChanged);
  }

  /** Makes what was written durable. */
  flush(): Awaitable {
    return this.medium?.flush();
  }

  override reset(): void {
    super.reset();
    this.locked = false;
    this.trayOpen = false;
    this.writeCache = this.options.writeCache;
  }

  override save(): BlockUnitState {
    const { trayOpen, locked, writeCache } = this;
    return { ...super.save(), trayOpen, locked, writeCache };
  }

  override load(state: BlockUnitState): void {
    super.load(state);
    this.trayOpen = state.trayOpen;
    this.locked = state.locked;
    this.writeCache = state.writeCache;
  }
}
