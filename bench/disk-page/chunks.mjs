// @ts-check
/** Starts one worker for each measurement. */

/** @param {{ kind: string, chunkBytes: number }} setup */
function measure(setup) {
  const worker = new Worker(new URL("chunk-worker.mjs", import.meta.url), { type: "module" });
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = ({ message }) => reject(new Error(message));
    worker.postMessage(setup);
  }).finally(() => worker.terminate());
}

Reflect.set(window, "measure", measure);
