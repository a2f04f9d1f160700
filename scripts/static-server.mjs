// @ts-check
/** A plain static host: files of one folder under one path, ranges and revalidation, open to other origins, no headers beyond that. */
import { createHash } from "node:crypto";
import { createReadStream, existsSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize, sep } from "node:path";

const types = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".css": "text/css",
  ".json": "application/json",
  ".wasm": "application/wasm",
  ".map": "application/json",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".gz": "application/gzip",
};

/**
 * The file of a request path, or null.
 * @param {string} folder @param {string} prefix Begins and ends with a slash. @param {string} pathname
 */
function locate(folder, prefix, pathname) {
  if (!pathname.startsWith(prefix)) return null;
  const relative = pathname.slice(prefix.length);
  const path = normalize(join(folder, relative === "" || relative.endsWith("/") ? `${relative}index.html` : relative));
  if (!path.startsWith(folder + sep) || path.includes("\0")) return null;
  return existsSync(path) && statSync(path).isFile() ? path : null;
}

/** The byte range that a Range header asks for, or null for the whole; [0, -1] for one outside. @param {string | undefined} header @param {number} size */
function parseRange(header, size) {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? "");
  if (match === null || (match[1] === "" && match[2] === "")) return null;
  const first = match[1] === "" ? Math.max(0, size - Number(match[2])) : Number(match[1]);
  const last = match[1] === "" || match[2] === "" ? size - 1 : Math.min(Number(match[2]), size - 1);
  return first > last ? [0, -1] : [first, last];
}

/**
 * @param {string} folder Absolute. @param {string} [prefix] Where on the host it lies: "/" or "/a/folder/".
 * @returns {import("node:http").Server} Not listening yet.
 */
export function staticServer(folder, prefix = "/") {
  return createServer((request, response) => {
    const fail = (/** @type {number} */ status) => {
      response.writeHead(status, { "Content-Type": "text/plain" });
      response.end(`${status}\n`);
    };
    if (request.method !== "GET" && request.method !== "HEAD") return fail(405);
    let pathname;
    try {
      pathname = decodeURIComponent(new URL(request.url ?? "/", "http://host").pathname);
    } catch {
      return fail(400);
    }
    const path = locate(folder, prefix, pathname);
    if (path === null) return fail(404);
    const { size, mtimeMs } = statSync(path);
    const etag = `"${createHash("sha256").update(`${size} ${mtimeMs}`).digest("hex").slice(0, 20)}"`;
    const headers = {
      "Content-Type": types[/** @type {keyof typeof types} */ (extname(path))] ?? "application/octet-stream",
      "Accept-Ranges": "bytes",
      "Cache-Control": "no-cache",
      // Everything here is public: a sandboxed frame, or a page elsewhere, may read it.
      "Access-Control-Allow-Origin": "*",
      "Access-Control-Expose-Headers": "Content-Range, ETag",
      ETag: etag,
    };
    if (request.headers["if-none-match"] === etag) {
      response.writeHead(304, headers);
      response.end();
      return;
    }
    const range = parseRange(request.headers.range, size);
    const [first = 0, last = 0] = range ?? [0, size - 1];
    if (range !== null && last < 0) {
      response.writeHead(416, { ...headers, "Content-Range": `bytes */${size}` });
      response.end();
      return;
    }
    const part = range === null ? {} : { "Content-Range": `bytes ${first}-${last}/${size}` };
    response.writeHead(range === null ? 200 : 206, { ...headers, ...part, "Content-Length": last - first + 1 });
    if (request.method === "HEAD" || size === 0) response.end();
    else
      createReadStream(path, { start: first, end: last })
        .on("error", () => response.destroy())
        .pipe(response);
  });
}

/**
 * Listens on the first free port.
 * @param {import("node:http").Server} server @param {number} port First to try; 0: any that is free. @param {string} host @param {boolean} strict Only that one.
 * @returns {Promise<number>} The port.
 * @throws {Error} If no port is free.
 */
export async function listen(server, port, host, strict) {
  for (let attempt = port; attempt < (strict ? port + 1 : port + 50); attempt += 1) {
    const error = await new Promise((resolve) => {
      server.once("error", resolve);
      server.listen(attempt, host, () => {
        server.off("error", resolve);
        resolve(null);
      });
    });
    if (error === null) return /** @type {import("node:net").AddressInfo} */ (server.address()).port;
    if (error.code !== "EADDRINUSE")
      throw new Error(`The server cannot listen on ${host}:${attempt}: ${error.message}`);
  }
  throw new Error(`No port from ${port} on is free on ${host}.`);
}
