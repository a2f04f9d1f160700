import { defineConfig } from "vite";

export default defineConfig({
  base: "./",
  // Its workers and its engine lie beside its modules: prepared for the development server they would be elsewhere.
  optimizeDeps: { exclude: ["armlet"] },
  worker: { format: "es" },
  build: { target: "es2023" },
});
