/** Which rows are tried again, and what is changed in them. */
import type { components } from "../../api/schema";

export type RepairRequest = components["schemas"]["RepairRequest"];
export type Selection = Pick<RepairRequest, "reason" | "waits_for" | "import_id" | "quarantine_id">;
export type Change = NonNullable<RepairRequest["change"]>;

export const FILLED = [
  "user_id",
  "event_type",
  "occurred_at",
  "order_id",
  "item_id",
  "amount",
  "currency",
  "quantity",
  "event_id",
] as const;
export type FilledColumn = (typeof FILLED)[number];

/** The fields of a form that say something else than the row says. */
export function changedFields(
  before: Record<string, string | null>,
  after: Partial<Record<FilledColumn, string>>,
): Partial<Record<FilledColumn, string>> {
  return Object.fromEntries(Object.entries(after).filter(([name, value]) => value !== (before[name] ?? "")));
}

/** The column that a reason begins with, as in "event_type is missing". */
export function columnOf(reason: string | null | undefined): FilledColumn {
  return FILLED.find((column) => reason?.startsWith(`${column} `)) ?? "event_type";
}
