// @ts-check
/**
 * Lint rules for TypeScript, with its types (tsconfig.eslint.json), and for scripts. AssemblyScript is Biome's
 * (biome.json): the parser here stops at `a << (<u64>b)`, and the types are not TypeScript's anyway.
 */
import tseslint from "typescript-eslint";

/** Of src/wasm these are TypeScript, for tests; the rest is AssemblyScript. */
const typescriptInWasm = ["src/wasm/**/*.test.ts", "src/wasm/**/differential/**/*.ts", "src/wasm/**/testing/**/*.ts"];

/** Page globals by which code would stop working in a worker or in Node. */
const pageGlobals = [
  "window",
  "document",
  "localStorage",
  "sessionStorage",
  "alert",
  "confirm",
  "prompt",
  "location",
  "history",
  "name",
  "event",
];

/** Sources of time that whatever keeps time is given instead. */
const clocks = [
  { object: "Date", property: "now", message: "Take the time from the injected clock." },
  { object: "performance", property: "now", message: "Take the time from the injected clock." },
];

/** Rules that need no types. @type {Record<string, any>} */
const everywhere = {
  "max-params": ["error", { max: 6 }],
  eqeqeq: "error",
  "no-var": "error",
  "prefer-const": "error",
  "no-debugger": "error",
  "no-eval": "error",
  "no-duplicate-case": "error",
  "no-fallthrough": "error",
  "no-unreachable": "error",
  "no-self-assign": "error",
  "no-self-compare": "error",
  "no-sparse-arrays": "error",
  "no-unsafe-finally": "error",
  "no-empty": "error",
  "no-warning-comments": ["error", { terms: ["todo", "fixme", "xxx"] }],
};

export default tseslint.config(
  { ignores: ["node_modules/", "build/", "dist/", ".cache/", "public/", "**/*.gen.ts"] },
  { ignores: ["src/wasm/**/*.ts", ...typescriptInWasm.map((files) => `!${files}`)] },
  { linterOptions: { reportUnusedDisableDirectives: "error" } },
  {
    files: ["**/*.mjs", "**/*.ts"],
    languageOptions: { parser: tseslint.parser, sourceType: "module" },
    rules: { ...everywhere },
  },
  {
    files: [
      "src/ts/**/*.ts",
      "src/pci/**/*.ts",
      "src/scsi/**/*.ts",
      "src/virtio/**/*.ts",
      "web/**/*.ts",
      "e2e/**/*.ts",
      "*.config.ts",
      "guest/**/*.ts",
      "scripts/**/*.ts",
      ...typescriptInWasm,
    ],
    plugins: { "@typescript-eslint": tseslint.plugin },
    languageOptions: { parserOptions: { project: "./tsconfig.eslint.json", tsconfigRootDir: import.meta.dirname } },
    rules: {
      "no-undef": "off",
      "@typescript-eslint/await-thenable": "error",
      "@typescript-eslint/consistent-type-imports": ["error", { disallowTypeAnnotations: false }],
      "@typescript-eslint/no-base-to-string": "error",
      "@typescript-eslint/no-explicit-any": "error",
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/no-for-in-array": "error",
      "@typescript-eslint/no-misused-promises": "error",
      "@typescript-eslint/no-unnecessary-condition": [
        "error",
        { allowConstantLoopConditions: "only-allowed-literals" },
      ],
      "@typescript-eslint/no-unnecessary-type-assertion": "error",
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      "@typescript-eslint/only-throw-error": "error",
      "@typescript-eslint/prefer-promise-reject-errors": "error",
      "@typescript-eslint/restrict-plus-operands": "error",
      "@typescript-eslint/return-await": ["error", "error-handling-correctness-only"],
      "@typescript-eslint/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: true }],
      "@typescript-eslint/naming-convention": [
        "error",
        { selector: "typeLike", format: ["PascalCase"] },
        { selector: "function", format: ["camelCase"] },
        { selector: "classMethod", format: ["camelCase"], modifiers: ["public"] },
        {
          selector: "variable",
          format: ["camelCase", "PascalCase", "UPPER_CASE"],
          leadingUnderscore: "allow",
          filter: { regex: "^(mem|cpu|gic|vq|dbg)_|^VIRTIO|_[a-z]", match: false },
        },
      ],
    },
  },
  {
    files: ["src/ts/**/*.ts", "src/pci/**/*.ts", "src/scsi/**/*.ts", "src/virtio/**/*.ts"],
    ignores: ["src/ts/api/**", "**/*.test.ts"],
    rules: { "no-restricted-globals": ["error", ...pageGlobals] },
  },
  {
    // What a failed beforeAll leaves unset, and inputs of any shape.
    files: ["**/*.test.ts", "**/testing/**/*.ts", "**/differential/**/*.ts"],
    rules: {
      "@typescript-eslint/no-unnecessary-condition": "off",
      "@typescript-eslint/no-base-to-string": "off",
      // A function made before the variable that it closes over gets its value.
      "prefer-const": "off",
    },
  },
  {
    files: ["src/pci/**/*.ts", "src/scsi/**/*.ts", "src/virtio/**/*.ts", "src/ts/platform/**/*.ts"],
    ignores: ["**/*.test.ts", "**/testing/**"],
    rules: { "no-restricted-properties": ["error", ...clocks] },
  },
);
