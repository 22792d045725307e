/** Whom a list of users holds: kept in the address, so that a link keeps filters, and given to campaigns and lists. */
import type { components, paths } from "../api/schema";

export type UserQuery = NonNullable<paths["/users"]["get"]["parameters"]["query"]>;
export type Audience = components["schemas"]["Audience"];
export type Rules = components["schemas"]["Rules"];
export type Condition = Rules["conditions"][number];

const TEXTS = [
  "search",
  "segment",
  "risk",
  "source",
  "active_since",
  "silent_since",
  "first_seen_from",
  "first_seen_until",
  "did",
  "did_not",
  "from_day",
  "until_day",
  "segment_before",
  "segment_before_on",
  "rfm_cell",
  "list_id",
] as const;
const NUMBERS = [
  "min_purchase_probability",
  "max_purchase_probability",
  "min_churn_probability",
  "max_churn_probability",
  "min_expected_value",
  "max_expected_value",
  "recency_score",
  "value_score",
] as const;
const ORDER = ["sort", "order"] as const;
const USUAL = { sort: "expected_value", order: "desc" } as const;

/** The filters that an address may hold, beside the rules. */
export const FILTERS: readonly string[] = [...TEXTS, ...NUMBERS];

/** Reads the question from an address. What the API does not know it refuses, in words. */
export function queryFrom(search: URLSearchParams): UserQuery {
  const query: Record<string, unknown> = { ...USUAL, ...filterFrom(search) };
  for (const name of ORDER) {
    const value = search.get(name);
    if (value) query[name] = value;
  }
  const rules = search.get("rules");
  if (rules) query.rules = rules;
  return query as UserQuery;
}

/** The filters of an address, without its rules and its order. */
export function filterFrom(search: URLSearchParams): Record<string, string | number> {
  const filter: Record<string, string | number> = {};
  for (const name of TEXTS) {
    const value = search.get(name);
    if (value) filter[name] = value;
  }
  for (const name of NUMBERS) {
    const value = search.get(name);
    if (value && Number.isFinite(Number(value))) filter[name] = Number(value);
  }
  return filter;
}

/** The rules of an address; null where there are none, or what stands there is none. */
export function rulesFrom(search: URLSearchParams): Rules | null {
  try {
    const rules = JSON.parse(search.get("rules") ?? "null") as Rules | null;
    return rules !== null && Array.isArray(rules.conditions) && rules.conditions.length > 0 ? rules : null;
  } catch {
    return null;
  }
}

/** The audience that an address means: everybody on its list. */
export function audienceFrom(search: URLSearchParams): Audience {
  const filter = filterFrom(search);
  return {
    filter: Object.keys(filter).length > 0 ? (filter as NonNullable<Audience["filter"]>) : null,
    rules: rulesFrom(search),
    list_id: null,
    targets: null,
  };
}

/** The address of a changed question; an empty value takes a filter away. */
export function changed(search: URLSearchParams, change: Record<string, string>): URLSearchParams {
  const next = new URLSearchParams(search);
  for (const [name, value] of Object.entries(change)) {
    if (value === "") next.delete(name);
    else next.set(name, value);
  }
  return next;
}

/** The address of the list of those who pass some filters. */
export function usersPath(filters: Record<string, string | number>): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(filters)) search.set(name, String(value));
  return `/users?${search}`;
}
