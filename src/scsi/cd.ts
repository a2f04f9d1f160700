/** A CD or DVD drive that reads (MMC-6). */
import { READ_COMMANDS, WRITE_COMMANDS } from "./block-commands.ts";
import { BlockUnit, type BlockUnitState } from "./block-unit.ts";
import type { CommandRow } from "./command.ts";
import type { ScsiMedium } from "./medium.ts";
import { MMC_COMMANDS } from "./mmc-commands.ts";
import { CD_MODE_PAGES } from "./mode-pages.ts";
import { PRIMARY_COMMANDS } from "./primary-commands.ts";
import { TYPE_ROM } from "./spec.ts";
import { CD_VPD_PAGES } from "./vpd-pages.ts";

/** Event codes of the media class (MMC-6, 6.6.2.6). */
const NO_CHANGE = 0;
const EJECT_REQUEST = 1;
const NEW_MEDIA = 2;

export interface CdState extends BlockUnitState {
  readonly newMedia: boolean;
  readonly ejectRequested: boolean;
}

export class ScsiCd extends BlockUnit {
  readonly peripheral = TYPE_ROM;
  readonly commands: readonly CommandRow<BlockUnit>[] = COMMANDS;
  readonly vpdPages = CD_VPD_PAGES;
  readonly modePages = CD_MODE_PAGES;
  private newMedia = false;
  private ejectRequested = false;

  override get isWriteProtected(): boolean {
    return true;
  }

  /** The next event of the media class for GET EVENT STATUS NOTIFICATION. */
  takeEvent(): number {
    if (this.isTrayOpen) return NO_CHANGE;
    if (this.newMedia) {
      this.newMedia = false;
      return NEW_MEDIA;
    }
    if (!this.ejectRequested) return NO_CHANGE;
    this.ejectRequested = false;
    return EJECT_REQUEST;
  }

  override changeMedium(medium: ScsiMedium | null): void {
    super.changeMedium(medium);
    this.newMedia = true;
    this.ejectRequested = false;
  }

  protected override pressEject(): void {
    this.ejectRequested = true;
  }

  override reset(): void {
    super.reset();
    this.newMedia = false;
    this.ejectRequested = false;
  }

  override save(): CdState {
    const { newMedia, ejectRequested } = this;
    return { ...super.save(), newMedia, ejectRequested };
  }

  override load(state: CdState): void {
    super.load(state);
    this.newMedia = state.newMedia;
    this.ejectRequested = state.ejectRequested;
  }
}

const COMMANDS: readonly CommandRow<BlockUnit>[] = [
  ...PRIMARY_COMMANDS,
  ...READ_COMMANDS,
  ...WRITE_COMMANDS,
  ...(MMC_COMMANDS as readonly CommandRow<BlockUnit>[]),
];
