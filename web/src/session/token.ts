/**
 * The access token: in memory only, so that nothing of a session is left where a script of somebody else could read it.
 * The refresh token is in a cookie that no script can read, and goes to `/auth/browser` alone.
 */
import type { Me } from "../api/names";
import { unsubscribe } from "../offline/push";

interface Granted {
  access_token: string;
  expires_in: number;
  me: Me;
}

/** A token is renewed so long before it is over, so that no request has to be refused first. */
const AHEAD = 30_000;
/** Set where somebody signed out and the server could not be told: told at the next start, before anything else. */
const OWED = "sign-out";

let held: { token: string; until: number; me: Me } | null = null;
let renewing: Promise<boolean> | null = null;
let whenLost: () => void = () => undefined;
const others = new BroadcastChannel("session");
others.onmessage = () => lose();

export function accessToken(): string | null {
  return held?.token ?? null;
}

/** Who is signed in, as it was when the token was made. */
export function tokensHolder(): Me | null {
  return held?.me ?? null;
}

/** The token for a request that is about to be made: a new one where the old one is nearly over. */
export async function usableToken(): Promise<string | null> {
  if (held !== null && held.until - Date.now() < AHEAD) await renewAccessToken().catch(() => false);
  return accessToken();
}

/** Calls `lost` once the session is over and cannot be renewed. */
export function onSessionLost(lost: () => void): void {
  whenLost = lost;
}

/** Asks for a new access token; many who ask at the same moment share one request. False where nobody is signed in. */
export function renewAccessToken(): Promise<boolean> {
  renewing ??= renew().finally(() => {
    renewing = null;
  });
  return renewing;
}

async function renew(): Promise<boolean> {
  if (localStorage.getItem(OWED) !== null) {
    await leave();
    return false;
  }
  const answer = await post("refresh", {});
  if (answer.ok) {
    await hold(answer);
    return true;
  }
  if (answer.status === 401) lose();
  return false;
}

/** Signs in: with a password (`login`), with what Telegram's page sent back, or inside Telegram. Returns a refusal. */
export async function signIn(
  way: "login" | "telegram/complete" | "telegram/mini-app",
  given: object,
): Promise<Response | null> {
  const answer = await post(way, given);
  if (!answer.ok) return answer;
  localStorage.removeItem(OWED);
  await hold(answer);
  return null;
}

/** Signs out here at once, in all windows; where the server cannot be reached, it is told at the next start. */
export async function signOut(): Promise<void> {
  localStorage.setItem(OWED, "1");
  lose();
  others.postMessage("over");
  await unsubscribe().catch(() => undefined);
  await leave().catch(() => undefined);
}

async function leave(): Promise<void> {
  const answer = await post("logout", {});
  if (answer.ok) localStorage.removeItem(OWED);
}

async function hold(answer: Response): Promise<void> {
  const granted = (await answer.json()) as Granted;
  held = { token: granted.access_token, until: Date.now() + granted.expires_in * 1000, me: granted.me };
}

function lose(): void {
  held = null;
  whenLost();
}

export function post(action: string, body: object): Promise<Response> {
  return fetch(`/auth/browser/${action}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
    credentials: "same-origin",
  });
}
