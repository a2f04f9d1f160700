import { describe, expect, it } from "vitest";
import { KEPT_TEXT_LENGTH, SerialPort } from "./serial-port.ts";

function setUp() {
  const sent: number[][] = [];
  const acknowledged: number[] = [];
  const port = new SerialPort({
    send: (bytes) => sent.push([...bytes]),
    acknowledge: (byteCount) => acknowledged.push(byteCount),
  });
  return { port, sent, acknowledged };
}

const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

describe("SerialPort", () => {
  it("writes text as UTF-8 and bytes as they are", () => {
    const { port, sent } = setUp();
    port.write("é\r");
    port.write(Uint8Array.of(3, 255));
    port.write("");
    expect(sent).toEqual([
      [0xc3, 0xa9, 13],
      [3, 255],
    ]);
  });

  it("keeps all text, with characters split between messages whole", () => {
    const { port } = setUp();
    const bytes = new TextEncoder().encode("grüße €");
    for (const byte of bytes) port.deliver(Uint8Array.of(byte));
    expect(port.text).toBe("grüße €");
    port.deliver(new TextEncoder().encode("!"));
    expect(port.text).toBe("grüße €!");
  });

  it("bounds what it keeps and drops the oldest", () => {
    const { port } = setUp();
    const block = new Uint8Array(1024 * 1024).fill(65);
    for (let round = 0; round < KEPT_TEXT_LENGTH / block.length + 3; round++) port.deliver(block);
    port.deliver(new TextEncoder().encode("the end"));
    expect(port.text.length).toBeLessThanOrEqual(KEPT_TEXT_LENGTH);
    expect(port.text.endsWith("Athe end")).toBe(true);
  });

  it("acknowledges when every listener is done, also one that fails", async () => {
    const { port, acknowledged } = setUp();
    port.deliver(new Uint8Array(5));
    expect(acknowledged).toEqual([5]);
    let finish = (): void => {};
    const slow = port.onData(
      () =>
        new Promise((resolve) => {
          finish = resolve;
        }),
    );
    port.onData(() => {});
    port.deliver(new Uint8Array(7));
    await settled();
    expect(acknowledged).toEqual([5]);
    finish();
    await settled();
    expect(acknowledged).toEqual([5, 7]);
    slow.dispose();
    port.deliver(new Uint8Array(9));
    expect(acknowledged).toEqual([5, 7, 9]);
  });
});
