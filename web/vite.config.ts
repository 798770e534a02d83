import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { defineConfig, type Plugin } from "vite";

/** Puts a `.gz` beside every large text file: the page's server hands it out as it is, and compresses nothing itself. */
function precompress(): Plugin {
  let outDir = "";
  return {
    name: "precompress",
    apply: "build",
    configResolved(config) {
      outDir = config.build.outDir;
    },
    closeBundle() {
      for (const name of readdirSync(outDir, { recursive: true, encoding: "utf8" })) {
        const path = join(outDir, name);
        if (/\.(js|css|json|html|svg)$/.test(name) && statSync(path).size > 4096) {
          writeFileSync(`${path}.gz`, gzipSync(readFileSync(path), { level: 9 }));
        }
      }
    },
  };
}

export default defineConfig({
  base: "/",
  build: {
    target: "es2022",
    // The map library alone is about 1 MB and is needed at once: splitting it would only add requests.
    chunkSizeWarningLimit: 1500,
    // The page's policy forbids data: URLs for everything but images.
    assetsInlineLimit: 0,
    reportCompressedSize: false,
  },
  worker: { format: "es" },
  plugins: [precompress()],
});
