/** Which addresses of this page mean what. The query says it all; the fragment is left alone. */

/** The address of the list of machines. */
export const START_ADDRESS = "?start";

/** Keys that mean something to this page, not to the machine (here, embed/embed-options.ts). */
export const PAGE_KEYS: readonly string[] = ["start", "theme", "origin", "autostart"];

/** The keys that say something about the machine; none: it is the default one. */
export function machineKeys(query: URLSearchParams): readonly string[] {
  return [...query.keys()].filter((key) => !PAGE_KEYS.includes(key));
}

/** Whether the address is that of the list, not of a machine. */
export function isStartAddress(query: URLSearchParams): boolean {
  return query.has("start");
}

/** The address of one of the machines beside the page. */
export function profileAddress(name: string): string {
  return `?${new URLSearchParams({ profile: name })}`;
}

/** The address of a machine as its command line describes it. */
export function argsAddress(args: string): string {
  return `?args=${encodeURIComponent(args)}`;
}
