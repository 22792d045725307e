/** How a file is read, as the form holds it, and as the API takes it. */
import type { FileReading } from "../../api/names";

export const COLUMNS = [
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
export type EventColumn = (typeof COLUMNS)[number];
export const NEEDED: readonly EventColumn[] = ["user_id", "event_type", "occurred_at"];

/** Where a column of events comes from: what was said, or the column of the same name. */
export function sourceOf(reading: FileReading, column: EventColumn, names: readonly string[]): string {
  return reading.columns?.[column] ?? (names.includes(column) ? column : "");
}

/** A reading in which a column comes from somewhere else. Nothing leaves out a column of the same name. */
export function withSource(
  reading: FileReading,
  column: EventColumn,
  source: string,
  names: readonly string[],
): FileReading {
  const columns = { ...reading.columns };
  const isOwn = names.includes(column);
  if (source === column && isOwn) delete columns[column];
  else if (source !== "") columns[column] = source;
  else if (isOwn) columns[column] = "-";
  else delete columns[column];
  return { ...reading, columns };
}

/** The words of a column that mean something else, as a list that keeps its order while it is edited. */
export function wordsOf(reading: FileReading): [string, string][] {
  return Object.entries(reading.values?.event_type ?? {});
}

export function withWords(reading: FileReading, words: readonly [string, string][]): FileReading {
  const said = words.filter(([word, ours]) => word !== "" && ours !== "");
  const values = { ...reading.values };
  if (said.length > 0) values.event_type = Object.fromEntries(said);
  else delete values.event_type;
  return { ...reading, values };
}
