// @ts-check
/** Before any test: the engine is built, once, so that no two tests build it at the same time. */
import { buildEngineIfStale } from "./build-wasm.mjs";

export async function setup() {
  await buildEngineIfStale();
}
