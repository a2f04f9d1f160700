import { FailureError } from "../protocol/failure.ts";
import type { VirtualMachineOptions } from "./types.ts";

/** Where the engine is, beside this package. A bundler that knows the pattern copies the file along. */
export function defaultEngineUrl(): URL {
  return new URL("../../../build/armlet.wasm", import.meta.url);
}

/**
 * Loads and compiles the engine. Give the result as `engine` to several machines, and it is compiled once. Rejects
 * with a FailureError.
 */
export async function compileEngine(url: string | URL = defaultEngineUrl()): Promise<WebAssembly.Module> {
  const href = String(url);
  let response: Response;
  try {
    response = await fetch(href);
  } catch (error) {
    throw engineFailure("unreachable", "The engine could not be loaded: the server does not answer.", href, error);
  }
  if (!response.ok) {
    const answer = `${response.status} ${response.statusText}`.trim();
    throw engineFailure("not-found", `The engine could not be loaded: the server answers ${answer}.`, href, null);
  }
  try {
    // A plain host may not know the type of .wasm files, which compileStreaming insists on.
    return response.headers.get("Content-Type")?.startsWith("application/wasm") === true
      ? await WebAssembly.compileStreaming(response)
      : await WebAssembly.compile(await response.arrayBuffer());
  } catch (error) {
    if (!(error instanceof WebAssembly.CompileError)) {
      throw engineFailure("connection-lost", "The engine arrived incompletely.", href, error);
    }
    throw engineFailure("unsupported", `The browser does not accept the engine (${error.message}).`, href, error);
  }
}

/** The engine that a machine is to have; the package's own where nothing is said. Rejects with a FailureError. */
export async function engineOf(
  engine: VirtualMachineOptions["engine"] | Promise<WebAssembly.Module>,
): Promise<WebAssembly.Module> {
  if (typeof engine === "function") return await engine();
  if (engine instanceof WebAssembly.Module || engine instanceof Promise) return await engine;
  return await compileEngine(engine);
}

function engineFailure(
  code: "unreachable" | "not-found" | "connection-lost" | "unsupported",
  message: string,
  url: string,
  cause: unknown,
): FailureError {
  const advice =
    code === "unsupported"
      ? "Use a newer browser; if this one is new, the file on the server may be damaged."
      : "Check the connection and try again. On a server of your own: the whole build must be uploaded.";
  return new FailureError({ code, message, advice, url }, { cause });
}
