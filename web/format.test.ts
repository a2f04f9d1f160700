import { expect, it } from "vitest";
import { formatAge, formatBytes, formatDiskSize, formatMemory, formatMips, formatSeconds } from "./format.ts";

it("writes quantities as people read them", () => {
  expect([0, 999, 1000, 12_400_000, 3_210_000_000].map(formatBytes)).toEqual([
    "0 B",
    "999 B",
    "1 kB",
    "12.4 MB",
    "3.21 GB",
  ]);
  expect([64, 256, 1024, 1536].map((mebibytes) => formatMemory(mebibytes * 1024 * 1024))).toEqual([
    "64 MiB",
    "256 MiB",
    "1 GiB",
    "1.5 GiB",
  ]);
  expect([512, 24, 24_000, 4096 * 1024].map((kibibytes) => formatDiskSize(kibibytes * 1024))).toEqual([
    "524 kB",
    "25 kB",
    "24.6 MB",
    "4 GiB",
  ]);
  expect([840, 1842, 12_345, 74_400].map(formatSeconds)).toEqual(["0.84 s", "1.84 s", "12.3 s", "74 s"]);
  expect([0, 59_000, 60_000, 3_599_000, 7_300_000, 86_400_000, 260_000_000].map(formatAge)).toEqual([
    "now",
    "now",
    "1 minute ago",
    "59 minutes ago",
    "2 hours ago",
    "yesterday",
    "3 days ago",
  ]);
  expect([0, 4.14, 9.96, 312.4].map(formatMips)).toEqual(["0.0", "4.1", "10", "312"]);
});
