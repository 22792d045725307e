import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

const WORKER = "service-worker.js";
const BASE = "/dashboard/";

/** Tells the service worker which files the build has. Its own text changes with them, so browsers see a new version. */
function listedFiles(): Plugin {
  return {
    name: "listed-files",
    generateBundle(_, bundle) {
      const worker = bundle[WORKER];
      if (worker?.type !== "chunk") throw new Error(`the build has no ${WORKER}`);
      if (worker.imports.length > 0) throw new Error(`${WORKER} must be one file`);
      const files = Object.keys(bundle).filter((name) => name.startsWith("assets/"));
      const list = JSON.stringify(files.sort().map((name) => BASE + name));
      // The name of the first script changes with every other, since it names them.
      const first = Object.values(bundle).find(
        (each) => each.type === "chunk" && each.isEntry && each.name === "index",
      );
      const version = first?.fileName.split("-").at(-1)?.replace(".js", "") ?? "";
      worker.code = worker.code
        .replace(/["'`]__FILES__["'`]/, () => JSON.stringify(list))
        .replace("__VERSION__", version);
    },
  };
}

// The backend serves the pages from the package, under this path.
export default defineConfig({
  base: BASE,
  plugins: [react(), listedFiles()],
  build: {
    outDir: "../backend/pages/built",
    emptyOutDir: true,
    // The policy of the pages takes no data: addresses but for images.
    assetsInlineLimit: 0,
    rolldownOptions: {
      input: { index: "index.html", "service-worker": "src/worker/service-worker.ts" },
      // The worker's address stays, and its folder is what it may see.
      output: { entryFileNames: ({ name }) => (name === "service-worker" ? WORKER : "assets/[name]-[hash].js") },
    },
  },
});
