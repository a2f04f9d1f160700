import { FailureError } from "../src/ts/api/index.ts";

/** The absolute addresses of images on servers over which this browser keeps what a guest wrote. */
export async function writtenImages(): Promise<ReadonlySet<string>> {
  // Most links have no disks, and need no worker for them.
  const { createDiskLibrary } = await import("../src/ts/api/disk-library.ts");
  const library = createDiskLibrary();
  try {
    const disks = await library.list();
    return new Set(disks.map(({ base }) => (base.kind === "url" ? base.url : "")).filter((url) => url !== ""));
  } catch (error) {
    // Where the disks cannot be listed no machine gets them either.
    if (error instanceof FailureError) return new Set();
    throw error;
  } finally {
    library.dispose();
  }
}
