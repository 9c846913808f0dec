import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";

export default defineConfig({
  plugins: [svelte()],
  clearScreen: false,
  // The tokens lie outside: the console takes them too.
  server: { host: "127.0.0.1", port: 5173, strictPort: true, fs: { allow: [".", "../../shared/ui"] } },
  // The window's policy allows no inline script or style and no data: font, so nothing is inlined.
  build: { target: "es2022", assetsInlineLimit: 0, modulePreload: { polyfill: false } },
});
