/** Bytes as a person reads them: "12.4 MB". */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 1_000_000) return `${Math.round(bytes / 1000)} kB`;
  if (bytes < 1_000_000_000) return `${(bytes / 1_000_000).toFixed(1)} MB`;
  return `${(bytes / 1_000_000_000).toFixed(2)} GB`;
}

/** A guest's memory, which comes in powers of two: "256 MiB". */
export function formatMemory(bytes: number): string {
  const mebibytes = bytes / (1024 * 1024);
  if (mebibytes < 1024) return `${Math.round(mebibytes)} MiB`;
  const gibibytes = mebibytes / 1024;
  return `${Number.isInteger(gibibytes) ? gibibytes : gibibytes.toFixed(1)} GiB`;
}

/** A disk's size, which is mostly a whole number of mebibytes: "4 GiB", "25.2 MB". */
export function formatDiskSize(bytes: number): string {
  const mebibytes = bytes / (1024 * 1024);
  return mebibytes >= 1 && Number.isInteger(mebibytes) ? formatMemory(bytes) : formatBytes(bytes);
}

/** A duration: "1.84 s", "74 s". */
export function formatSeconds(milliseconds: number): string {
  const seconds = milliseconds / 1000;
  return `${seconds < 10 ? seconds.toFixed(2) : seconds < 60 ? seconds.toFixed(1) : Math.round(seconds)} s`;
}

/** Millions of instructions a second: "312", "4.1". */
export function formatMips(mips: number): string {
  return mips >= 9.95 ? String(Math.round(mips)) : mips.toFixed(1);
}

const AGE_UNITS: readonly (readonly [unit: Intl.RelativeTimeFormatUnit, milliseconds: number])[] = [
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
];

/** How long ago something was: "now", "5 minutes ago", "yesterday". */
export function formatAge(milliseconds: number): string {
  const format = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
  const [unit, length] = AGE_UNITS.find(([, size]) => milliseconds >= size) ?? ["second", Number.POSITIVE_INFINITY];
  return format.format(-Math.floor(milliseconds / length), unit);
}
