/**
 * Starts a worker whose script may be of another origin than the page, which browsers refuse: a page that takes this
 * package from elsewhere, a sandboxed frame (of no origin at all). Its host must let other origins read the script.
 * `start` starts it where it is of the same.
 */
export function startWorker(script: URL, name: string, start: () => Worker): Worker {
  const { origin } = globalThis;
  if (script.origin === origin) return start();
  // A script of this page's own that does nothing but import the other one.
  const source = `import ${JSON.stringify(script.href)};`;
  // Without an origin, Chromium loads no module from a blob's address.
  if (origin === "null")
    return new Worker(`data:text/javascript,${encodeURIComponent(source)}`, { type: "module", name });
  // A data address has no origin, and its worker would reach none of this page's storage.
  const address = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  const worker = new Worker(address, { type: "module", name });
  // It was fetched when the worker first says something, or breaks.
  const release = (): void => URL.revokeObjectURL(address);
  worker.addEventListener("message", release, { once: true });
  worker.addEventListener("error", release, { once: true });
  return worker;
}
