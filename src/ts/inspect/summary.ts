/** What was found, in sentences. */
import { OURS } from "./architecture.ts";
import { deviceOf, type Place, type Survey } from "./survey.ts";

/** Partitions named one by one at most. */
const MAX_NAMED = 6;

/** A size for people: 512 MB, 2.1 GB. */
export function sizeText(sizeBytes: number): string {
  const [unit, each] = sizeBytes >= 1e9 ? (["GB", 1e9] as const) : (["MB", 1e6] as const);
  const value = sizeBytes / each;
  return sizeBytes < 1e6 ? `${Math.ceil(sizeBytes / 1000)} KB` : `${value.toFixed(value < 10 ? 1 : 0)} ${unit}`;
}

/** What is on a disk. `complete`: all of it could be looked at. */
export function diskSummary(found: Survey, complete: boolean): string {
  return [contentSentence(found), processorSentence(found), startSentence(found, complete), ...trouble(found, complete)]
    .filter((sentence) => sentence !== "")
    .join(" ");
}

function contentSentence({ system, root, places, table }: Survey): string {
  if (system !== null && places[0]?.info?.type === "iso9660") return `${system.title}, a disc (ISO 9660).`;
  if (system !== null) return root === null ? `${system.title}.` : `${system.title} on ${onPlace(root)}.`;
  const known = places.filter(({ info }) => info !== null);
  const name = known.length === 1 ? (known[0]?.info?.label ?? null) : null;
  const label = name === null ? "" : ` named “${name}”`;
  if (table === null || places[0]?.number === 0) {
    const type = places[0]?.info?.type;
    return type === "iso9660" ? `A disc (ISO 9660)${label}.` : `A disk without partitions, ${type}${label}.`;
  }
  const count = table.partitions.length;
  const named = known.slice(0, MAX_NAMED).map(({ number, info }) => `${info?.type} on ${deviceOf(number)}`);
  const more = known.length > MAX_NAMED ? ", …" : "";
  const list = named.length === 0 ? "" : `: ${named.join(", ")}${more}`;
  return `A disk with ${count === 1 ? "one partition" : `${count} partitions`} (${table.kind.toUpperCase()})${list}.`;
}

function onPlace({ number, info }: Place): string {
  return info === null ? deviceOf(number) : `${deviceOf(number)}, ${info.type}`;
}

function processorSentence({ system, kernel, efi }: Survey): string {
  const architecture = system?.architecture ?? (system === null && kernel === null ? efi?.architecture : null) ?? null;
  if (architecture === null || architecture === OURS) return "";
  return system === null
    ? `It starts on ${architecture}: this machine runs arm64 programs only.`
    : `Its programs are for ${architecture}, which this machine cannot run: it needs those for arm64.`;
}

/** How it can be started, where that is not plain. */
function startSentence({ kernel, efi, system }: Survey, complete: boolean): string {
  if (kernel !== null || efi === null || !complete) return "";
  if ((system?.architecture ?? efi.architecture) !== OURS) return "";
  const path = efi.path.replaceAll("/", "\\");
  const where = efi.number === 0 ? "" : ` on ${deviceOf(efi.number)}`;
  return `It starts by UEFI (${path}${where}); no kernel that could be started without was found on it.`;
}

function trouble({ table, places }: Survey, complete: boolean): string[] {
  // Of a disk of which only the beginning is there, the rest is missing and not damaged.
  if (!complete) return ["What else is on it shows once it is unpacked."];
  const damaged = places
    .filter(({ damage }) => damage !== null)
    .map(({ number, damage }) => `What is on ${deviceOf(number)} cannot be read. ${damage}`);
  return [...(table?.notes ?? []), ...damaged];
}
