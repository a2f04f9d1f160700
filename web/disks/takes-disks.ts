import { parseCommandLine } from "../../src/ts/config/command-line.ts";
import { ConfigError } from "../../src/ts/config/config-error.ts";

const OFF: readonly (string | undefined)[] = ["off", "no", "false", "n"];

/** Whether a machine with this command line has somewhere to plug a disk into while it runs. */
export function takesDisks(args: string): boolean {
  try {
    return parseCommandLine(args).devices.some(
      ({ name, properties }) => name.startsWith("virtio-scsi") && !OFF.includes(properties.hotplug),
    );
  } catch (error) {
    if (error instanceof ConfigError) return false;
    throw error;
  }
}
