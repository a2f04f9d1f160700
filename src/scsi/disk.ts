/** A disk (SBC-3). */
import { READ_COMMANDS, WRITE_COMMANDS } from "./block-commands.ts";
import { BlockUnit } from "./block-unit.ts";
import { DISK_MODE_PAGES } from "./mode-pages.ts";
import { PRIMARY_COMMANDS } from "./primary-commands.ts";
import { PROVISIONING_COMMANDS } from "./provisioning.ts";
import { TYPE_DISK } from "./spec.ts";
import { DISK_VPD_PAGES } from "./vpd-pages.ts";

const COMMANDS = [...PRIMARY_COMMANDS, ...READ_COMMANDS, ...WRITE_COMMANDS, ...PROVISIONING_COMMANDS];

export class ScsiDisk extends BlockUnit {
  readonly peripheral = TYPE_DISK;
  readonly commands = COMMANDS;
  readonly vpdPages = DISK_VPD_PAGES;
  readonly modePages = DISK_MODE_PAGES;
}
