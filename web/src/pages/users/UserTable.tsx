/**
 * Any number of rows, of which only those in sight are drawn. A grid in ARIA's sense, whose rows say their place. A table of
 * forty rows has hundreds of cells, so rows are plain elements, styled once by the table around them.
 */
import Box from "@mui/material/Box";
import Skeleton from "@mui/material/Skeleton";
import type { SxProps, Theme } from "@mui/material/styles";
import TableSortLabel from "@mui/material/TableSortLabel";
import { useVirtualizer } from "@tanstack/react-virtual";
import { memo, type ReactNode, type RefObject, useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { Link as RouterLink } from "react-router";
import type { UserSummary } from "../../api/names";
import { type Format, useFormat } from "../../i18n";
import { type Names, useNames } from "../../i18n/names";

const ROW = 40;
const GRID =
  "28px minmax(130px, 2fr) minmax(120px, 2fr) repeat(3, minmax(90px, 1fr)) minmax(110px, 1fr) minmax(110px, 1fr) minmax(60px, 1fr)";

interface Column {
  label: string;
  sort?: string;
  isNumber?: boolean;
  cell: (user: UserSummary, format: Format, t: (key: string) => string, names: Names) => ReactNode;
}

const COLUMNS: readonly Column[] = [
  {
    label: "user.id",
    sort: "user_id",
    cell: ({ user_id }) => <RouterLink to={`/users/${encodeURIComponent(user_id)}`}>{user_id}</RouterLink>,
  },
  {
    label: "user.segment",
    cell: ({ segment }, _format, _t, names) => (segment === null ? "–" : names.segment(segment)),
  },
  {
    label: "user.expectedValue",
    sort: "expected_value",
    isNumber: true,
    cell: (user, format) => format.money(user.expected_value, 2),
  },
  {
    label: "user.purchase",
    sort: "purchase_probability",
    isNumber: true,
    cell: (user, format) => format.share(user.purchase_probability),
  },
  {
    label: "user.churn",
    sort: "churn_probability",
    isNumber: true,
    cell: (user, format, t) => <Risk user={user} format={format} word={t} />,
  },
  { label: "user.lastActive", sort: "last_active_day", cell: (user, format) => format.day(user.last_active_day) },
  {
    label: "user.spent",
    sort: "purchase_amount_total",
    isNumber: true,
    cell: (user, format) => format.money(user.purchase_amount_total),
  },
  { label: "user.orders", isNumber: true, cell: (user, format) => format.number(user.orders_total) },
];

function Risk({ user, format, word }: { user: UserSummary; format: Format; word: (key: string) => string }) {
  if (user.churn_risk === null) return "–";
  return (
    <span data-risk={user.churn_risk}>
      {format.share(user.churn_probability)} {word(`risk.${user.churn_risk}`)}
    </span>
  );
}

export function UserTable({
  rows,
  isLoading,
  sort,
  order,
  onSort,
  onEnd,
  chosen,
  choose,
}: {
  rows: readonly UserSummary[];
  isLoading: boolean;
  sort: string;
  order: "asc" | "desc";
  onSort: (sort: string, order: "asc" | "desc") => void;
  onEnd: () => void;
  chosen: ReadonlySet<string>;
  /** Null where nothing may be done with the chosen. */
  choose: ((chosen: ReadonlySet<string>) => void) | null;
}) {
  const { t } = useTranslation();
  const box = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => box.current,
    estimateSize: () => ROW,
    overscan: 12,
  });
  // What changes with each choice of a row is asked for where it is needed, so that the other rows stay as they are.
  const toggle = useRef<(user: string) => void>(() => {});
  toggle.current = (user) => choose?.(toggled(chosen, user));
  const drawn = virtual.getVirtualItems();
  const last = drawn.at(-1)?.index ?? 0;

  useEffect(() => {
    if (rows.length > 0 && last >= rows.length - 30) onEnd();
  }, [last, rows.length, onEnd]);

  if (isLoading) return <Skeleton variant="rounded" height={480} aria-label={t("state.loading")} />;
  return (
    <Box ref={box} role="table" aria-label={t("pages.users")} aria-rowcount={-1} tabIndex={0} sx={TABLE}>
      <Box role="rowgroup" sx={{ position: "sticky", top: 0, zIndex: 1, bgcolor: "background.paper", minWidth: 890 }}>
        <Box role="row" sx={{ fontWeight: 600 }}>
          <Box role="columnheader" aria-label={t("users.choose")} />
          {COLUMNS.map((column) => (
            <Box
              key={column.label}
              role="columnheader"
              aria-sort={column.sort === sort ? (order === "asc" ? "ascending" : "descending") : undefined}
              sx={{ textAlign: column.isNumber ? "right" : "left" }}
            >
              {column.sort === undefined ? (
                t(column.label)
              ) : (
                <TableSortLabel
                  active={column.sort === sort}
                  direction={column.sort === sort ? order : "desc"}
                  onClick={() => onSort(column.sort ?? "", column.sort === sort && order === "desc" ? "asc" : "desc")}
                >
                  {t(column.label)}
                </TableSortLabel>
              )}
            </Box>
          ))}
        </Box>
      </Box>
      <Box role="rowgroup" sx={{ position: "relative", height: virtual.getTotalSize(), minWidth: 890 }}>
        {drawn.map(({ index, start }) => {
          const user = rows[index];
          if (user === undefined) return null;
          return (
            <Row
              key={user.user_id}
              user={user}
              index={index}
              start={start}
              isChosen={choose === null ? null : chosen.has(user.user_id)}
              toggle={toggle}
            />
          );
        })}
      </Box>
    </Box>
  );
}

const Row = memo(function Row({
  user,
  index,
  start,
  isChosen,
  toggle,
}: {
  user: UserSummary;
  index: number;
  /** Pixels from the first row. */
  start: number;
  /** Null where nothing may be done with the chosen. */
  isChosen: boolean | null;
  toggle: RefObject<(user: string) => void>;
}) {
  const { t } = useTranslation();
  const format = useFormat();
  const names = useNames();
  return (
    <div role="row" aria-rowindex={index + 2} style={{ transform: `translateY(${start}px)` }}>
      <div role="cell">
        {isChosen !== null && (
          <input
            type="checkbox"
            checked={isChosen}
            aria-label={t("users.chooseOne", { user: user.user_id })}
            onChange={() => toggle.current(user.user_id)}
          />
        )}
      </div>
      {COLUMNS.map((column) => (
        <div key={column.label} role="cell" className={column.isNumber ? "number" : undefined}>
          {column.cell(user, format, t, names)}
        </div>
      ))}
    </div>
  );
});

function toggled(chosen: ReadonlySet<string>, user: string): ReadonlySet<string> {
  const next = new Set(chosen);
  if (!next.delete(user)) next.add(user);
  return next;
}

const TABLE: SxProps<Theme> = {
  height: "min(65vh, 720px)",
  overflow: "auto",
  fontSize: 14,
  "& [role=row]": {
    display: "grid",
    gridTemplateColumns: GRID,
    gap: 1,
    px: 1,
    height: ROW,
    alignItems: "center",
    borderBottom: 1,
    borderColor: "divider",
  },
  "& [aria-rowindex]": { position: "absolute", width: "100%" },
  "& [aria-rowindex]:hover": { bgcolor: "action.hover" },
  "& [role=cell]": { overflow: "hidden", textOverflow: "ellipsis", whiteSpace: "nowrap" },
  "& .number": { textAlign: "right" },
  "& a": { color: "primary.main", textDecoration: "none", "&:hover": { textDecoration: "underline" } },
  // As large as a finger needs (WCAG 2.2, target size).
  "& input": {
    display: "block",
    width: 24,
    height: 24,
    m: 0,
    p: 0,
    accentColor: (theme) => theme.vars?.palette.primary.main,
  },
  "& [data-risk]": { display: "inline-block", px: 1, border: 1, borderRadius: 4, fontSize: 13, lineHeight: "22px" },
  "& [data-risk=low]": { color: "success.main" },
  "& [data-risk=medium]": { color: "warning.main" },
  "& [data-risk=high]": { color: "error.main" },
};
