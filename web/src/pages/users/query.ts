/** The question that the list of users answers: kept in the address, so that a link keeps filters. */
import type { paths } from "../../api/schema";

export type UserQuery = NonNullable<paths["/users"]["get"]["parameters"]["query"]>;

const TEXTS = ["search", "segment", "risk", "source", "active_since", "silent_since", "sort", "order"] as const;
const NUMBERS = ["min_purchase_probability", "min_churn_probability", "min_expected_value"] as const;
const USUAL = { sort: "expected_value", order: "desc" } as const;

/** Reads the question from an address. What the API does not know it refuses, in words. */
export function queryFrom(search: URLSearchParams): UserQuery {
  const query: Record<string, string | number> = { ...USUAL };
  for (const name of TEXTS) {
    const value = search.get(name);
    if (value) query[name] = value;
  }
  for (const name of NUMBERS) {
    const value = search.get(name);
    if (value && Number.isFinite(Number(value))) query[name] = Number(value);
  }
  return query as UserQuery;
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
