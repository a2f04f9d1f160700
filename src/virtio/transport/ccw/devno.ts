/** Device numbers of channel devices as command lines write them. */

/** A device number as QEMU writes it: channel subsystem image, set, number. */
export function formatDevno(devno: number): string {
  return `fe.0.${devno.toString(16).padStart(4, "0")}`;
}

/** Reads `fe.0.NNNN`, hexadecimal; null when it is something else or another image or set. */
export function parseDevno(text: string): number | null {
  const match = /^fe\.0\.([0-9a-f]{1,4})$/i.exec(text);
  return match === null ? null : Number.parseInt(match[1] as string, 16);
}
