/**
 * The numbers last seen, kept in this browser so that they can be read without a network.
 *
 * Kept are reports (`REPORTS`), which hold counts and sums; never a list of users or anything about one, and no token.
 * They go when somebody signs out or the session ends, when they are a week old, and with each new version of the pages.
 */
import { type DehydratedState, dehydrate, hydrate, type QueryClient } from "@tanstack/react-query";
import type { Me } from "../api/names";

const REPORTS: ReadonlySet<unknown> = new Set([
  "dashboard",
  "attention",
  "segments",
  "retention",
  "funnel",
  "rfm",
  "models",
  "data health",
]);
const CACHE = "kept-numbers";
const ADDRESS = "/dashboard/kept-numbers";
const DAYS = 7;
/** Changes with every build: another version might not understand what this one keeps. */
const VERSION = document.querySelector<HTMLScriptElement>("script[type=module]")?.src ?? "";

interface Kept {
  version: string;
  at: number;
  me: Me;
  state: DehydratedState;
}

/** Without HTTPS, other than on this machine, a browser keeps nothing. */
const isPossible = "caches" in globalThis;

/** Puts what is kept among the answers; whose it is, or null where nothing is kept. */
export async function restoreKept(queries: QueryClient): Promise<Me | null> {
  const kept = await read();
  if (kept === null) return null;
  hydrate(queries, kept.state);
  return kept.me;
}

async function read(): Promise<Kept | null> {
  const found = isPossible ? await caches.match(ADDRESS, { cacheName: CACHE }) : undefined;
  if (found === undefined) return null;
  const kept = (await found.json()) as Kept;
  if (kept.version === VERSION && Date.now() - kept.at < DAYS * 86_400_000) return kept;
  await forgetKept();
  return null;
}

/** Keeps reports as they come, for as long as somebody is signed in. Returns what ends it. */
export function keepReports(queries: QueryClient, me: Me): () => void {
  let waiting: ReturnType<typeof setTimeout> | undefined;
  const keep = async () => {
    const state = dehydrate(queries, {
      shouldDehydrateQuery: ({ queryKey, state: { status } }) => REPORTS.has(queryKey[0]) && status === "success",
    });
    // Reports that were seen before the pages were opened anew stay too.
    const before = await read();
    const seen = new Set(state.queries.map(({ queryHash }) => queryHash));
    if (before?.me.id === me.id)
      state.queries.push(...before.state.queries.filter((each) => !seen.has(each.queryHash)));
    const kept: Kept = { version: VERSION, at: Date.now(), me, state };
    await (await caches.open(CACHE)).put(ADDRESS, Response.json(kept));
  };
  const stop = queries.getQueryCache().subscribe((event) => {
    if (!isPossible || event.type !== "updated" || event.action.type !== "success") return;
    if (!REPORTS.has(event.query.queryKey[0])) return;
    clearTimeout(waiting);
    waiting = setTimeout(() => void keep().catch(() => undefined), 500);
  });
  return () => {
    clearTimeout(waiting);
    stop();
  };
}

export async function forgetKept(): Promise<void> {
  if (isPossible) await caches.delete(CACHE);
}

/** Reports stay among the answers for as long as the pages are open, since what is kept is made of those. */
export function stayLong(queries: QueryClient): void {
  for (const report of REPORTS) queries.setQueryDefaults([report], { gcTime: Number.POSITIVE_INFINITY });
}
