/**
 * Going to Telegram's page and coming back: to sign in, to link a Telegram user, or to prove who one is.
 *
 * What is kept meanwhile is no secret: what proves that this browser began is in a cookie that no script can read.
 */
import { api } from "../api/client";
import { unwrap } from "../api/problem";
import { post } from "./token";

export type Purpose = "sign_in" | "link" | "prove";

export interface Visit {
  state: string;
  purpose: Purpose;
  /** Where in the dashboard it began. */
  path: string;
}

const KEPT = "telegram-visit";
const PROVEN = new BroadcastChannel("proof");

/** Begins a visit; returns the address to go to, or null where the server refuses. */
export async function beginSignIn(path: string): Promise<string | null> {
  const answer = await post("telegram/start", {});
  if (!answer.ok) return null;
  return remember((await answer.json()) as { url: string; state: string }, "sign_in", path);
}

export async function beginVisit(purpose: "link" | "prove", path: string): Promise<string> {
  return remember(await unwrap(api.POST("/auth/browser/telegram/visit", { body: { purpose } })), purpose, path);
}

/** The visit that has come back with this `state`; null where another one has, or none was begun here. */
export function returned(state: string | null): Visit | null {
  const kept = localStorage.getItem(KEPT);
  localStorage.removeItem(KEPT);
  if (kept === null || state === null) return null;
  const visit = JSON.parse(kept) as Visit;
  return visit.state === state ? visit : null;
}

/** Tells the window that asked for a proof that there is one. */
export function tellProven(): void {
  PROVEN.postMessage("proven");
}

export function onProven(listener: () => void): () => void {
  const heard = new BroadcastChannel("proof");
  heard.onmessage = listener;
  return () => heard.close();
}

/** What Telegram says about whoever opened the dashboard inside it. It comes behind the address's `#`. */
export function miniAppData(): string | null {
  const data = new URLSearchParams(location.hash.slice(1)).get("tgWebAppData");
  if (data !== null) history.replaceState(history.state, "", location.pathname + location.search);
  return data;
}

function remember(begun: { url: string; state: string }, purpose: Purpose, path: string): string {
  localStorage.setItem(KEPT, JSON.stringify({ state: begun.state, purpose, path } satisfies Visit));
  return begun.url;
}
