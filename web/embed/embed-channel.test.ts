import fc from "fast-check";
import { expect, it, vi } from "vitest";
import { FailureError } from "../../src/ts/api/index.ts";
import { EmbedChannel, MOST_PENDING_REQUESTS } from "./embed-channel.ts";

const ORIGIN = "https://around.example";

function setUp(origin: string | null = null, answer: () => Promise<unknown> = () => Promise.resolve("done")) {
  const sent: { message: unknown; target: string }[] = [];
  const parent = { postMessage: (message: unknown, target: string) => void sent.push({ message, target }) };
  const call = vi.fn(answer);
  const warn = vi.fn();
  const channel = new EmbedChannel(parent, { origin, call, warn });
  const receive = (data: unknown, from = ORIGIN, source: unknown = parent): void =>
    channel.receive({ source, origin: from, data });
  return { channel, sent, call, warn, receive };
}

const request = (id: unknown, method: unknown = "state", params?: unknown) => ({ armlet: 1, id, method, params });

it("answers the origin that spoke first, and no other from then on", async () => {
  const { channel, sent, call, warn, receive } = setUp();
  channel.send({ armlet: 1, event: "output", data: { text: "early" } });
  expect(sent).toEqual([]);
  receive(request(1));
  await vi.waitFor(() => expect(sent).toHaveLength(1));
  expect(sent[0]).toEqual({ message: { armlet: 1, id: 1, ok: true, result: "done" }, target: ORIGIN });
  receive(request(2), "https://elsewhere.example");
  receive(request(3), ORIGIN, {});
  expect(call).toHaveBeenCalledTimes(1);
  expect(warn).toHaveBeenCalledTimes(1);
  channel.send({ armlet: 1, event: "output", data: { text: "late" } });
  expect(sent[1]?.target).toBe(ORIGIN);
});

it("tells nobody but the origin that it was given that it is there", () => {
  const { channel, sent, call, receive } = setUp("https://only.example");
  channel.send({ armlet: 1, event: "ready", data: { version: 1, methods: [], events: [], storage: true } });
  expect(sent.map(({ target }) => target)).toEqual(["https://only.example"]);
  receive(request(1));
  expect(call).not.toHaveBeenCalled();
});

it("answers a window without an origin, which has no name to send to", async () => {
  const { sent, receive } = setUp();
  receive(request(1), "null");
  await vi.waitFor(() => expect(sent).toHaveLength(1));
  expect(sent[0]?.target).toBe("*");
});

it("says what is wrong: a failure of the machine as it is, anything else as ours", async () => {
  const failure = {
    code: "bad-file",
    message: "No kernel.",
    advice: "Take another.",
    url: "https://a.example/k",
  } as const;
  const machine = setUp(null, () => Promise.reject(new FailureError(failure)));
  machine.receive(request("a"));
  await vi.waitFor(() => expect(machine.sent).toHaveLength(1));
  expect(machine.sent[0]?.message).toEqual({ armlet: 1, id: "a", ok: false, error: failure });
  const broken = setUp(null, () => Promise.reject(new TypeError("x is no function")));
  broken.receive(request("a"));
  await vi.waitFor(() => expect(broken.sent).toHaveLength(1));
  expect(broken.sent[0]?.message).toMatchObject({
    ok: false,
    error: { code: "internal", message: "x is no function" },
  });
});

it("does not take requests without limit", async () => {
  const { sent, call, receive } = setUp(null, () => new Promise(() => {}));
  for (let id = 0; id < MOST_PENDING_REQUESTS + 50; id += 1) receive(request(id));
  await vi.waitFor(() => expect(sent).toHaveLength(50));
  expect(call).toHaveBeenCalledTimes(MOST_PENDING_REQUESTS);
  expect(sent[0]?.message).toMatchObject({ ok: false, error: { code: "bad-request" } });
});

it("survives any message, does nothing for one that is no request, and warns once", () => {
  const values = fc.anything({ withBigInt: true, withDate: true, withMap: true, withNullPrototype: true });
  const almost = fc.record(
    { armlet: fc.constantFrom(1, 2, "1"), id: values, method: values, params: values },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(values, almost), { maxLength: 20 }), (messages) => {
      const { call, warn, receive } = setUp();
      for (const message of messages) receive(message);
      expect(call).not.toHaveBeenCalled();
      expect(warn.mock.calls.length).toBeLessThanOrEqual(1);
    }),
    { numRuns: 500 },
  );
});
