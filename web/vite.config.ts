import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// The backend serves the pages from the package, under this path.
export default defineConfig({
  base: "/dashboard/",
  plugins: [react()],
  build: {
    outDir: "../backend/pages/built",
    emptyOutDir: true,
    // The policy of the pages takes no data: addresses but for images.
    assetsInlineLimit: 0,
  },
});
