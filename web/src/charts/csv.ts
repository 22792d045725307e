/** Tables as CSV files (RFC 4180) that a spreadsheet opens without running anything. */
export type Cell = string | number | null;

export interface ChartTable {
  header: readonly string[];
  rows: readonly (readonly Cell[])[];
  /** Where each row leads to: the people behind it. */
  links?: readonly (string | undefined)[];
}

export function toCsv({ header, rows }: ChartTable): string {
  return [header, ...rows].map((row) => row.map(quoted).join(",")).join("\r\n");
}

function quoted(cell: Cell): string {
  if (cell === null) return "";
  if (typeof cell === "number") return String(cell);
  // A spreadsheet takes a text that begins like this for a formula.
  const text = /^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export function download(name: string, content: string, type = "text/csv;charset=utf-8"): void {
  // With a byte order mark, by which Excel knows UTF-8.
  const url = URL.createObjectURL(new Blob(["\ufeff", content], { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}
