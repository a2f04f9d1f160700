// @ts-check
/** The import rules of the architecture; scripts/dependencies.test.ts holds the sources against them. */

/** Tests and their tools may look at anything. */
const tests = "\\.test\\.ts$|/testing/|/differential/|\\.harness\\.ts$";

/** @param {string} name @param {string} comment @param {string} from @param {Record<string, unknown>} to */
const rule = (name, comment, from, to) => ({
  name,
  comment,
  severity: "error",
  from: { path: from, pathNot: tests },
  to,
});

/** @type {import("dependency-cruiser").IConfiguration} */
export default {
  forbidden: [
    rule(
      "no-cycles",
      "Two files that import each other are one.",
      "^(src/ts|src/pci|src/scsi|src/virtio|web|scripts|guest)",
      {
        circular: true,
        viaOnly: { dependencyTypesNot: ["type-only"] },
      },
    ),
    rule("wasm-is-closed", "The engine imports only itself and the constants of the specification.", "^src/wasm", {
      pathNot: "^src/wasm|^src/virtio/spec",
    }),
    rule("wasm-without-tests", "The engine does not contain its tests.", "^src/wasm", { path: tests }),
    rule("virtio-without-host", "The specification knows no host service.", "^src/virtio", {
      path: "^src/ts|^web|^node:",
    }),
    rule("pci-is-closed", "A bus knows neither machine nor devices.", "^src/pci", { pathNot: "^src/pci" }),
    rule("scsi-is-closed", "Commands know no controller that carries them.", "^src/scsi", { pathNot: "^src/scsi" }),
    rule("virtio-spec-is-closed", "Both compilers read it.", "^src/virtio/spec", { pathNot: "^src/virtio/spec" }),
    {
      name: "device-alone",
      comment: "A device knows no transport and no other device.",
      severity: "error",
      from: { path: "^src/virtio/devices/([^/]+)/", pathNot: tests },
      to: { path: "^src/virtio/(transport|devices)/", pathNot: "^src/virtio/devices/$1/" },
    },
    rule("transport-without-device", "A transport carries any device.", "^src/virtio/transport", {
      path: "^src/virtio/devices",
    }),
    rule(
      "services-below-machine",
      "Host services are used by the machine, not the other way.",
      "^src/ts/(storage|inspect|net|fdt|loader|config)/",
      {
        path: "^src/ts/(machine|worker)/|^web",
      },
    ),
    rule("source-without-page", "The page is on top.", "^src/", { path: "^web" }),
    rule("page-through-api", "The page uses the public package.", "^web", {
      path: "^src/",
      pathNot: "^src/ts/(api|config|lib)/",
    }),
    rule("e2e-from-outside", "End-to-end tests see what a user sees.", "^e2e", { path: "^(src|web)/" }),
    rule("product-without-tests", "Tools of tests stay with the tests.", "^(src/ts|src/pci|src/scsi|src/virtio|web)", {
      path: tests,
    }),
    rule("product-without-tooling", "What is shipped does not need what builds it.", "^(src|web)", {
      path: "^(scripts|guest)/",
    }),
    rule("resolvable", "Every import leads somewhere.", "^(src|web|scripts|guest|e2e)", { couldNotResolve: true }),
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "node_modules|^build/|^dist/" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.eslint.json" },
    enhancedResolveOptions: {
      extensions: [".ts", ".mjs", ".js"],
      exportsFields: ["exports"],
      conditionNames: ["import", "types"],
    },
  },
};
