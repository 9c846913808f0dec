import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

export default defineConfig({
  plugins: [svelte()],
  // Without this Vitest would load Svelte's server half, which renders strings and mounts nothing.
  resolve: { conditions: ["browser"] },
  test: {
    environment: "jsdom",
    include: ["src/**/*.test.ts", "tests/**/*.test.ts"],
    setupFiles: ["tests/setup.ts"],
    // A limit for what never ends; a machine that also compiles is slow, not wrong.
    testTimeout: 60_000,
  },
});
