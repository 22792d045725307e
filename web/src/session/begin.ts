/** Asks who is signed in while the rest of the application is still being read: the first import of all. */
import { renewAccessToken } from "./token";

// Whoever opens the dashboard inside Telegram signs in by what stands behind the `#`.
if (!location.hash.includes("tgWebAppData")) void renewAccessToken().catch(() => undefined);
