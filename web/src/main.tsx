/** Starts the application: style, languages, queries, session, routes. */
import "./session/begin";
import createCache from "@emotion/cache";
import { CacheProvider } from "@emotion/react";
import CssBaseline from "@mui/material/CssBaseline";
import { ThemeProvider } from "@mui/material/styles";
import { QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { RouterProvider } from "react-router/dom";
import { queries } from "./app/queries";
import { router } from "./app/router";
import { theme } from "./app/theme";
import { startLanguages } from "./i18n";
import { stayLong } from "./offline/kept";
import { startWorker } from "./offline/version";
import { SessionProvider } from "./session/Session";

// The page's policy allows only style elements that bear its nonce.
const nonce = document.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]')?.content;
const styles = createCache({ key: "ca", ...(nonce ? { nonce } : {}) });

await startLanguages();
stayLong(queries);
startWorker();

const root = document.getElementById("root");
if (root === null) throw new Error("index.html has no element #root");
createRoot(root).render(
  <StrictMode>
    <CacheProvider value={styles}>
      {/* Charts are drawn in colours, not in variables of CSS: they need the palette of the mode. */}
      <ThemeProvider theme={theme} forceThemeRerender>
        <CssBaseline />
        <QueryClientProvider client={queries}>
          <SessionProvider>
            <RouterProvider router={router} />
          </SessionProvider>
        </QueryClientProvider>
      </ThemeProvider>
    </CacheProvider>
  </StrictMode>,
);
