import { FailureError } from "../protocol/failure.ts";

/** Bytes as a person reads them. */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 1_000_000) return `${(bytes / 1000).toFixed(0)} kB`;
  if (bytes < 1_000_000_000) return `${(bytes / 1_000_000).toFixed(1)} MB`;
  return `${(bytes / 1_000_000_000).toFixed(2)} GB`;
}

export function badAddress(name: string): FailureError {
  return new FailureError({
    code: "command-line",
    message: `“${name}” is not an address this page can load a file from.`,
    advice: "File names are addresses relative to the page, or start with https://.",
    url: null,
  });
}

/** A file of this computer that the browser can no longer read. */
export function unreadable(name: string, cause: unknown): FailureError {
  return new FailureError(
    {
      code: "gone",
      message: `The file “${name}” cannot be read any more: it was changed, moved or deleted since it was given.`,
      advice: "Give the file again.",
      url: null,
    },
    { cause },
  );
}

export function badStatus(url: string, status: number, statusText: string): FailureError {
  const answer = statusText === "" ? String(status) : `${status} ${statusText}`;
  if (status === 404 || status === 410) {
    return new FailureError({
      code: "not-found",
      message: `There is no such file on the server (${answer}).`,
      advice: "Check the spelling of the name, and that the file was put where the page expects it.",
      url,
    });
  }
  return new FailureError({
    code: "http-status",
    message: `The server does not hand out the file: it answers ${answer}.`,
    advice:
      status === 401 || status === 403
        ? "The file needs permission that this page does not have. Put it somewhere public."
        : "The fault is the server's. Try again in a while.",
    url,
  });
}

export function wrongType(url: string, contentType: string): FailureError {
  return new FailureError({
    code: "wrong-type",
    message: `The server sent a web page (${contentType}) where a file for the machine was expected.`,
    advice: "Servers do this for names they do not know. Check the address, or open it to see what it is.",
    url,
  });
}

export function blocked(url: string): FailureError {
  return new FailureError({
    code: "blocked",
    message: `${new URL(url).host} is there, but does not let other sites read this file.`,
    advice:
      "Its answer needs the header Access-Control-Allow-Origin (CORS). Or copy the file to the server this page is on.",
    url,
  });
}

export function unreachable(url: string): FailureError {
  return new FailureError({
    code: "unreachable",
    message: "The server does not answer.",
    advice: "Check that it runs, and that this device is online.",
    url,
  });
}

export function connectionLost(url: string, loadedBytes: number, totalBytes: number | null): FailureError {
  const of = totalBytes === null ? "" : ` of ${formatBytes(totalBytes)}`;
  return new FailureError({
    code: "connection-lost",
    message: `The connection was lost after ${formatBytes(loadedBytes)}${of}, and could not be taken up again.`,
    advice: "Check the network, then try again.",
    url,
  });
}

export function tooLarge(url: string, totalBytes: number): FailureError {
  return new FailureError({
    code: "out-of-memory",
    message: `The file is larger (${formatBytes(totalBytes)}) than the memory the browser gives to a page.`,
    advice: "Close other tabs, or use a smaller file.",
    url,
  });
}
