/** Asks who is signed in while the rest of the application is still being read: the first import of all. */
import { renewAccessToken } from "./token";

// Whoever opens the dashboard inside Telegram signs in by what stands behind the `#`.
let first = location.hash.includes("tgWebAppData") ? null : renewAccessToken();
first?.catch(() => undefined);

/** The answer to that question, once; null for whoever asks again. */
export function firstRenewal(): Promise<boolean> | null {
  const asked = first;
  first = null;
  return asked;
}
