import { compileEngine } from "../src/ts/api/engine.ts";

/** One compilation for all machines of the page, `begun` if it was; one that failed is done again. */
export function sharedEngine(begun: Promise<WebAssembly.Module> | null): () => Promise<WebAssembly.Module> {
  let module = begun;
  return () => {
    const compiling = module ?? compileEngine();
    module = compiling;
    compiling.catch(() => {
      if (module === compiling) module = null;
    });
    return compiling;
  };
}
