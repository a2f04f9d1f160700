/** Above this a download without a file picker, which has to be collected first, is warned about. */
export const LARGE_DOWNLOAD_BYTES = 1_000_000_000;

/** Collected bytes become a Blob in pieces of this size, which the browser may move from memory to a disk. */
const PIECE_BYTES = 16 * 1024 * 1024;

interface FilePicker {
  showSaveFilePicker(options: { readonly suggestedName: string }): Promise<FileSystemFileHandle>;
}

/** Where an exported file goes. */
export interface SavePlace {
  readonly sink: WritableStream<Uint8Array>;
  /** Called when all was written and the sink is closed: where there is no file yet, the browser downloads it. */
  finish(): void;
}

/** Whether a file can be written while it is made, however large. */
export function canStream(): boolean {
  return "showSaveFilePicker" in window;
}

/**
 * Asks where the file is to go, where the browser can; otherwise it is collected and downloaded. Must be called from a
 * click. null where the user thought better of it.
 */
export async function savePlace(name: string): Promise<SavePlace | null> {
  if (!canStream()) return collected(name);
  try {
    const handle = await (window as unknown as FilePicker).showSaveFilePicker({ suggestedName: name });
    return { sink: await handle.createWritable(), finish: () => {} };
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") return null;
    // A frame of another site may not open pickers; it may still download.
    if (error instanceof DOMException && error.name === "SecurityError") return collected(name);
    throw error;
  }
}

/** Downloads a file that is whole already. */
export function download(file: Blob, name: string): void {
  const address = URL.createObjectURL(file);
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  // The download has its own hold on the contents once it began.
  window.setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

function collected(name: string): SavePlace {
  const pieces: Blob[] = [];
  let parts: Uint8Array<ArrayBuffer>[] = [];
  let bytes = 0;
  const seal = (): void => {
    if (parts.length > 0) pieces.push(new Blob(parts));
    parts = [];
    bytes = 0;
  };
  const sink = new WritableStream<Uint8Array>({
    write(chunk) {
      parts.push(new Uint8Array(chunk));
      bytes += chunk.length;
      if (bytes >= PIECE_BYTES) seal();
    },
  });
  const finish = (): void => {
    seal();
    download(new Blob(pieces, { type: "application/octet-stream" }), name);
  };
  return { sink, finish };
}

/** A name that every system takes for a file. */
export function fileNameFor(name: string, extension: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
  const safe = name.replace(/[\u0000-\u001f\u007f<>:"/\\|?*]+/g, "-").replace(/^[.\s]+|[.\s]+$/g, "");
  const stem = safe.replace(/\.(img|raw|qcow2|iso|gz|xz|zst)$/i, "").replace(/\.(img|raw|qcow2)$/i, "");
  return `${stem === "" ? "disk" : stem}${extension}`;
}
