/** Machines for property tests. */
import fc from "fast-check";
import { ACCELERATORS, CAPTURE_QUEUES, LOG_CLASSES, type MachineConfig, SECURITY_MODELS } from "../machine-config.ts";

export const anyText = fc.string({ unit: "binary" });
const someText = fc.string({ unit: "binary", minLength: 1 });
const hashes = fc.stringMatching(/^[0-9a-f]{64}$/);
/** Names of files, also such as look like more. */
const fileNames = fc.oneof(
  someText,
  fc.stringMatching(/^(a|,|=){0,4},{1,5}sha256=[0-9a-f]{0,3}$/),
  fc.tuple(fc.stringMatching(/^[a,]{1,4}$/), hashes).map(([name, hash]) => `${name},sha256=${hash}`),
);
const ids = fc.uniqueArray(fc.stringMatching(/^[A-Za-z][A-Za-z0-9._-]{0,5}$/), { maxLength: 3 });

/** Configurations that a command line can come to. */
export const machines: fc.Arbitrary<MachineConfig> = fc
  .record({ driveIds: ids, chardevIds: ids, randomIds: ids, netdevIds: ids, fsdevIds: ids })
  .chain(({ driveIds, chardevIds, randomIds, netdevIds, fsdevIds }) =>
    fc
      .record({
        its: fc.boolean(),
        highmem: fc.boolean(),
        gicVersion: fc.constantFrom(2 as const, 3 as const),
        ramSizeBytes: fc.integer({ min: 1, max: 0xffff }).map((pages) => pages * 0x1_0000),
        kernel: fc.option(fileNames),
        kernelSha256: fc.option(hashes),
        initrd: fc.option(fileNames),
        initrdSha256: fc.option(hashes),
        append: fc.option(anyText),
        dtb: fc.option(fileNames),
        dtbSha256: fc.option(hashes),
        drives: fc.tuple(
          ...driveIds.map((id) =>
            fc.record({
              id: fc.constant(id),
              file: someText.filter((name) => name !== "disk:"),
              format: fc.constantFrom(null, "raw" as const, "qcow2" as const),
              sha256: fc.option(hashes),
              media: fc.constantFrom("disk" as const, "cdrom" as const),
              snapshot: fc.boolean(),
              readOnly: fc.boolean(),
            }),
          ),
        ),
        chardevs: fc.tuple(
          ...chardevIds.map((id) =>
            fc.oneof(
              fc.record({ id: fc.constant(id), kind: fc.constantFrom("stdio" as const, "null" as const) }),
              fc.record({
                id: fc.constant(id),
                kind: fc.constantFrom("pipe" as const, "file" as const),
                path: someText,
              }),
              fc
                .record({ id: fc.constant(id), path: someText, server: fc.boolean(), wait: fc.boolean() })
                .map((row) => ({ ...row, kind: "socket" as const, wait: row.server && row.wait })),
            ),
          ),
        ),
        fsdevs: fc.tuple(
          ...fsdevIds.map((id) =>
            fc.record({
              id: fc.constant(id),
              path: someText,
              securityModel: fc.constantFrom(...SECURITY_MODELS),
              readOnly: fc.boolean(),
            }),
          ),
        ),
        netdevs: fc.tuple(
          ...netdevIds.map((id) =>
            fc.oneof(
              fc.record({
                id: fc.constant(id),
                kind: fc.constant("user" as const),
                hostName: fc.stringMatching(/^([a-z0-9][a-z0-9-]{0,20})?$/),
              }),
              fc.record({
                id: fc.constant(id),
                kind: fc.constant("hubport" as const),
                hub: fc.nat({ max: 2 ** 31 - 1 }),
                netdev: fc.constant(null),
              }),
              fc.record({
                id: fc.constant(id),
                kind: fc.constant("channel" as const),
                name: fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,20}$/),
              }),
              fc.record({
                id: fc.constant(id),
                kind: fc.constant("socket" as const),
                group: fc.record({
                  address: fc.tuple(fc.integer({ min: 224, max: 239 }), fc.nat(255)).map(([a, b]) => `${a}.${b}.0.1`),
                  port: fc.integer({ min: 1, max: 65_535 }),
                  localAddress: fc.constantFrom(null, "127.0.0.1"),
                }),
              }),
            ),
          ),
        ),
        captures: fc.tuple(
          ...netdevIds.map((netdev, index) =>
            fc.record({
              // Longer than other ids are.
              id: fc.constant(`the-capture-number-${index}`),
              netdev: fc.constant(netdev),
              file: someText.filter((text) => text !== ""),
              maxBytes: fc.integer({ min: 1, max: 999_999_999 }),
              queue: fc.constantFrom(...CAPTURE_QUEUES),
            }),
          ),
        ),
        used: fc.subarray(driveIds),
        serialNumber: fc.stringMatching(/^[,=a-z]{0,9}$/),
        serial: fc.constantFrom("stdio" as const, "none" as const),
        nographic: fc.boolean(),
        noDefaults: fc.boolean(),
        noReboot: fc.boolean(),

        accelerator: fc.constantFrom(...ACCELERATORS),
        log: fc.subarray([...LOG_CLASSES]),
        title: fc.option(someText),
        typed: fc.array(someText, { maxLength: 3 }),
      })
      .map(({ used, serialNumber, drives, chardevs, ...rest }) => ({
        ...rest,
        // These look at compiled code.
        log: rest.log.filter((name) => rest.accelerator === "tcg" || (name !== "jit" && name !== "lockstep")),
        kernelSha256: rest.kernel === null ? null : rest.kernelSha256,
        initrdSha256: rest.initrd === null ? null : rest.initrdSha256,
        dtbSha256: rest.dtb === null ? null : rest.dtbSha256,
        machine: "virt" as const,
        monitor: null,
        armletVersion: "1.0",
        cpu: "cortex-a57" as const,
        cpuCount: 1,
        drives: drives.map((drive) => ({ ...drive, readOnly: drive.readOnly || drive.media === "cdrom" })),
        chardevs: chardevs,
        randomSources: randomIds.map((id) => ({ id })),
        devices: [
          ...used.map((drive) => ({ name: "virtio-blk-device", properties: { drive, serial: serialNumber } })),
          ...randomIds.map((rng) => ({ name: "virtio-rng-device", properties: { rng } })),
          { name: "virtio-serial-device", properties: {} },
          ...chardevIds.map((chardev) => ({ name: "virtconsole", properties: { chardev } })),
        ],
      })),
  );
