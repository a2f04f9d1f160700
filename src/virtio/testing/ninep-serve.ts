/** A 9P server over a tree, with a client of its own, for tests. */
import { MemoryTree } from "../../ts/files/memory-tree.ts";
import { NinePServer } from "../devices/9p/server.ts";
import type { FileTree } from "../file-tree.ts";
import { TestLog } from "./harness.ts";
import { type Exchange, joined, NinePClient } from "./ninep-client.ts";

/** Sends messages to a server. */
export function exchangeWith(server: NinePServer): Exchange {
  return (message, room) =>
    new Promise((resolve) =>
      server.receive(message, room, (pieces) => resolve(pieces === null ? null : joined(pieces))),
    );
}

/** What a test of the server needs. */
export interface Served {
  readonly log: TestLog;
  readonly server: NinePServer;
  readonly client: NinePClient;
}

/** A server whose client has attached the root as fid 0. */
export async function serve(tree: FileTree = new MemoryTree(), msize = 65_536): Promise<Served> {
  const log = new TestLog();
  const server = new NinePServer(tree, log);
  const client = new NinePClient(exchangeWith(server));
  await client.start(msize);
  return { log, server, client };
}

/** A tree whose methods can be replaced one by one. */
export function forwarding(tree: FileTree): FileTree {
  const names = [
    ...["stat", "list", "readLink", "open", "create", "makeDirectory", "makeLink", "makeNode", "link", "rename"],
    ...["remove", "change", "space", "close"],
  ] as (keyof FileTree)[];
  const methods = names.map((name) => {
    const method = tree[name] as (...args: unknown[]) => unknown;
    return [name, (...args: unknown[]) => method.apply(tree, args)];
  });
  return { readOnly: tree.readOnly, xattrs: tree.xattrs, ...Object.fromEntries(methods) };
}
