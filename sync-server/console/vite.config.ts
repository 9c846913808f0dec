import { svelte } from "@sveltejs/vite-plugin-svelte";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "font-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
].join("; ");

/** Nothing inline and nothing from elsewhere, whoever serves the page. Vite's own dev page needs inline styles. */
function contentSecurityPolicy(): Plugin {
  return {
    name: "content-security-policy",
    apply: "build",
    transformIndexHtml: () => [
      { tag: "meta", attrs: { "http-equiv": "Content-Security-Policy", content: POLICY }, injectTo: "head-prepend" },
    ],
  };
}

/** Where `npm run dev` finds the server. */
const SERVER = "http://localhost:8080";

export default defineConfig(({ mode }) => ({
  base: "/",
  plugins: [svelte(), contentSecurityPolicy()],
  build: {
    target: "es2022",
    // A data: URL would need a hole in the policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  // The tokens lie outside: the till takes them too.
  server: { proxy: { "/v1": SERVER }, fs: { allow: [".", "../../shared/ui"] } },
  // Without it, Svelte resolves to its server half, which mounts nothing.
  ...(mode === "test" ? { resolve: { conditions: ["browser"] } } : {}),
  test: {
    environment: "jsdom",
    include: ["src/**/*.test.ts", "tests/**/*.test.mjs"],
    setupFiles: ["tests/setup.ts"],
    // A limit for what never ends; a machine that also compiles is slow, not wrong.
    testTimeout: 60_000,
  },
}));
