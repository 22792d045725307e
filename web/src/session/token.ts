/**
 * The access token: in memory only, so that nothing of a session is left where a script of somebody else could read it.
 * The refresh token is in a cookie that no script can read, and goes to `/auth/browser` alone.
 */
interface Granted {
  access_token: string;
  expires_in: number;
}

let held: string | null = null;
let renewing: Promise<boolean> | null = null;
let whenLost: () => void = () => undefined;

export function accessToken(): string | null {
  return held;
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
  const answer = await post("refresh", {});
  if (answer.ok) {
    held = ((await answer.json()) as Granted).access_token;
    return true;
  }
  if (answer.status === 401) {
    held = null;
    whenLost();
  }
  return false;
}

/** Signs in. Returns the refused answer, or null. */
export async function signIn(email: string, password: string): Promise<Response | null> {
  const answer = await post("login", { email, password });
  if (!answer.ok) return answer;
  held = ((await answer.json()) as Granted).access_token;
  return null;
}

export async function signOut(): Promise<void> {
  await post("logout", {});
  held = null;
  whenLost();
}

function post(action: string, body: object): Promise<Response> {
  return fetch(`/auth/browser/${action}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
    credentials: "same-origin",
  });
}
