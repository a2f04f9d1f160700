import { describe, expect, it } from "vitest";
import { differences, ownTroubles, readResult, tally } from "./results.mjs";

/** As a serial console has it: the driver of the terminal adds carriage returns. */
const consoleOf = (results: readonly string[], kernel: readonly string[] = [], end = "<suite python ends 0>"): string =>
  [
    "Booting",
    "<suite python begins>",
    "test_a ... ok",
    ...results,
    "<kernel messages>",
    "<6>[    0.1] devtmpfs: initialized",
    ...kernel,
    end,
    "[    9.9] reboot: Power down",
    "",
  ].join("\r\n");

const ok = ["result test.a.A.test_a = ok", "result test.a.A.test_b (x = 1) = skipped"];

describe("readResult", () => {
  it("has the values by name and the status", () => {
    const result = readResult("python", consoleOf(ok));
    expect(result.status).toBe(0);
    expect(result.values["test.a.A.test_a"]).toBe("ok");
    expect(Object.keys(result.values)).toHaveLength(2);
    expect(result.lines).toContain("test_a ... ok");
    expect(result.troubles).toEqual([]);
    expect(tally(result)).toBe("1 ok, 1 skipped");
  });

  it.each([
    "<4>[    3.2] WARNING: CPU: 0 PID: 1 at kernel/x.c:1",
    "<0>[    3.2] BUG: Bad page state in process x",
    "<3>[    3.2] INFO: task a:1 blocked for more than 120 seconds.",
    "<3>[    3.2] alg: skcipher: xts-aes-ce encryption test failed (wrong result)",
  ])("finds what the kernel complained of: %s", (line) => {
    expect(readResult("python", consoleOf(ok, [line])).troubles).toEqual([line]);
  });

  it("does not take a suite that broke off for one that ended", () => {
    expect(() => readResult("python", consoleOf(ok, [], "Kernel panic"))).toThrow(
      /did not come to its end[^]*Kernel panic/,
    );
  });
});

describe("differences", () => {
  it("names what differs, is missing on either side, or ended otherwise", () => {
    const peer = readResult("python", consoleOf([...ok, "result only.there = ok"]));
    const ours = readResult(
      "python",
      consoleOf(
        ["result test.a.A.test_a = failure", ok[1] ?? "", "result only.here = ok"],
        [],
        "<suite python ends 2>",
      ),
    );
    expect(differences(peer, peer)).toEqual([]);
    expect(differences(ours, peer)).toEqual([
      "test.a.A.test_a: failure, on QEMU ok",
      "only.there: missing, on QEMU ok",
      "only.here: ok, on QEMU missing",
      "status 2, on QEMU 0",
    ]);
  });
});

describe("ownTroubles", () => {
  it("leaves out what QEMU's kernel complained of too, at whatever time", () => {
    const drbg = "alg: drbg: Test 0 failed for drbg_nopr_hmac_sha512";
    const warning = (pid: number): string => `<4>[   20.5] WARNING: CPU: 0 PID: ${pid} at crypto/testmgr.c:5907`;
    const peer = readResult("python", consoleOf(ok, [`<3>[   17.598161] ${drbg}`, warning(253)]));
    const own = "<0>[    3.2] BUG: Bad page state";
    const ours = readResult("python", consoleOf(ok, [`<3>[    3.1] ${drbg}`, warning(260), own]));
    expect(ownTroubles(ours, peer)).toEqual([own]);
    expect(ownTroubles(ours, null)).toHaveLength(3);
  });
});
