import type { NetworkServices } from "./network.ts";

/** Channels through which the tabs and workers of one origin reach each other, and the threads of a process of Node. */
export const openBroadcastChannel: NetworkServices["openChannel"] = (name, receive) => {
  const channel = new BroadcastChannel(name);
  channel.onmessage = ({ data }: { readonly data: unknown }) => receive(data);
  return {
    post: (message) => channel.postMessage(message),
    close: () => channel.close(),
  };
};
