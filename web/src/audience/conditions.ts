/** Conditions of rules: how each kind begins, and when one says something. */
import type { Condition } from "./query";

export const KINDS = ["number", "segment", "property", "list"] as const;
export type Kind = (typeof KINDS)[number];

export function emptyCondition(kind: Kind): Condition {
  if (kind === "number") return { kind, name: "churn_probability", least: null, most: null };
  if (kind === "segment") return { kind, names: [], is_true: true };
  if (kind === "property") return { kind, name: "", value: "", is_true: true };
  return { kind, list_id: "", is_true: true };
}

/** Whether the API would take it. */
export function isWhole(condition: Condition): boolean {
  if (condition.kind === "number") return condition.least != null || condition.most != null;
  if (condition.kind === "segment") return condition.names.length > 0;
  if (condition.kind === "property") return condition.name !== "" && !condition.name.includes("\0");
  return condition.list_id !== "";
}

/** What a field of numbers holds: null while it is empty. */
export function numberIn(text: string): number | null {
  return text.trim() === "" || !Number.isFinite(Number(text)) ? null : Number(text);
}
