/** Rows that are held back for one reason, a currency or an import: looked at, repaired, and tried again. */
import Alert from "@mui/material/Alert";
import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import Link from "@mui/material/Link";
import { useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link as RouterLink, useSearchParams } from "react-router";
import { api } from "../../api/client";
import type { HeldRow } from "../../api/names";
import { unwrap } from "../../api/problem";
import { useFormat } from "../../i18n";
import { useSaid } from "../../i18n/sentences";
import { Answered, Empty } from "../../parts/Answered";
import { DataTable } from "../../parts/DataTable";
import { Page } from "../../parts/Page";
import { Section } from "../../parts/Section";
import { useSession } from "../../session/Session";
import { HeldReasonsTable } from "./HeldReasons";
import { RepairAll } from "./RepairAll";
import { RowDialog } from "./RowDialog";
import type { Selection } from "./repair";

export function QuarantinePage() {
  const { t } = useTranslation();
  const [search] = useSearchParams();
  const importId = Number(search.get("import_id"));
  const selection: Selection = {
    ...(search.get("reason") ? { reason: search.get("reason") as string } : {}),
    ...(search.get("waits_for") ? { waits_for: search.get("waits_for") as string } : {}),
    ...(importId > 0 ? { import_id: importId } : {}),
  };
  const isChosen = Object.keys(selection).length > 0;
  return (
    <Page
      title={t("quarantine.title")}
      note={
        <>
          <Link component={RouterLink} to="/data" underline="always">
            {t("pages.data")}
          </Link>
          {isChosen && (
            <>
              {" · "}
              <Link component={RouterLink} to="/data/quarantine" underline="always">
                {t("quarantine.allReasons")}
              </Link>
            </>
          )}
        </>
      }
    >
      {isChosen ? (
        <Rows key={search.toString()} selection={selection} />
      ) : (
        <Section title={t("data.quarantine")} note={t("data.quarantineNote")}>
          <Reasons />
        </Section>
      )}
      <Repaired />
    </Page>
  );
}

function Rows({ selection }: { selection: Selection }) {
  const { t } = useTranslation();
  const said = useSaid();
  const { may } = useSession();
  const [open, setOpen] = useState<HeldRow | null>(null);
  const queries = useQueryClient();
  const page = useInfiniteQuery({
    queryKey: ["quarantine", "rows", selection],
    initialPageParam: null as string | null,
    queryFn: ({ pageParam }) =>
      unwrap(
        api.GET("/quarantine", {
          params: { query: { ...selection, limit: 50, ...(pageParam ? { cursor: pageParam } : {}) } },
        }),
      ),
    getNextPageParam: ({ next_cursor }) => next_cursor,
  });
  const rows = page.data?.pages.flatMap((each) => each.rows) ?? [];
  const changed = () => queries.invalidateQueries({ queryKey: ["quarantine"] });
  return (
    <>
      <Section title={selection.reason ? said(selection.reason) : (selection.waits_for ?? t("quarantine.ofImport"))}>
        <Answered query={page} height={200}>
          {() =>
            rows.length === 0 ? (
              <Alert severity="success">{t("data.nothingHeld")}</Alert>
            ) : (
              <HeldRows rows={rows} open={setOpen} />
            )
          }
        </Answered>
        {page.hasNextPage && (
          <Button size="small" onClick={() => void page.fetchNextPage()}>
            {t("state.more")}
          </Button>
        )}
      </Section>
      {may("quarantine:repair") && (
        <RepairAll selection={selection} names={namesOf(rows)} isEmpty={rows.length === 0} onDone={changed} />
      )}
      {open && <RowDialog key={open.quarantine_id} row={open} close={() => setOpen(null)} onDone={changed} />}
    </>
  );
}

function HeldRows({ rows, open }: { rows: readonly HeldRow[]; open: (row: HeldRow) => void }) {
  const { t } = useTranslation();
  const said = useSaid();
  const format = useFormat();
  return (
    <DataTable
      label={t("quarantine.rows")}
      rows={rows}
      rowKey={(row) => row.quarantine_id}
      columns={[
        {
          title: t("import.row"),
          cell: (row) => (
            <Button size="small" onClick={() => open(row)}>
              {t("quarantine.lookAt", { row: format.number(row.row_number) })}
            </Button>
          ),
        },
        { title: t("data.file"), cell: (row) => row.file_name ?? t("quarantine.noFile") },
        { title: t("eventColumn.user_id"), cell: (row) => <User id={row.event.user_id} /> },
        { title: t("models.reason"), cell: (row) => said(row.reason) },
        { title: t("quarantine.content"), cell: (row) => <Content row={row.row} /> },
      ]}
    />
  );
}

function Repaired() {
  const { t } = useTranslation();
  const said = useSaid();
  const format = useFormat();
  const repaired = useInfiniteQuery({
    queryKey: ["quarantine", "repaired"],
    initialPageParam: null,
    queryFn: () => unwrap(api.GET("/quarantine/repaired")),
    getNextPageParam: () => null,
  });
  return (
    <Section title={t("quarantine.repaired")} note={t("quarantine.repairedNote")}>
      <Answered query={repaired} height={120}>
        {(data) => {
          const rows = data.pages.flatMap((page) => page.rows);
          if (rows.length === 0) return <Empty>{t("quarantine.noneRepaired")}</Empty>;
          return (
            <DataTable
              label={t("quarantine.repaired")}
              rows={rows}
              rowKey={(row) => row.quarantine_id}
              columns={[
                { title: t("user.when"), cell: (row) => format.moment(row.repaired_at) },
                { title: t("models.who"), cell: (row) => row.repaired_by },
                { title: t("data.file"), cell: (row) => row.file_name ?? t("quarantine.noFile") },
                { title: t("import.row"), isNumber: true, cell: (row) => format.number(row.row_number) },
                { title: t("models.reason"), cell: (row) => said(row.reason) },
                { title: t("quarantine.content"), cell: (row) => <Content row={row.row} /> },
                { title: t("quarantine.change"), cell: (row) => <Content row={changes(row)} /> },
              ]}
            />
          );
        }}
      </Answered>
    </Section>
  );
}

/** What was changed, without the kinds of change that there were none of. */
function changes({ repair }: HeldRow): unknown {
  const said = Object.entries(repair ?? {}).filter(([, change]) => Object.keys(change as object).length > 0);
  return said.length === 0 ? "" : Object.fromEntries(said);
}

function User({ id }: { id: string | null | undefined }) {
  if (!id) return null;
  return (
    <Link component={RouterLink} to={`/users/${encodeURIComponent(id)}`}>
      {id}
    </Link>
  );
}

export function Content({ row }: { row: unknown }) {
  return (
    <Box component="code" sx={{ display: "block", minWidth: 240, fontSize: "0.8rem", wordBreak: "break-word" }}>
      {typeof row === "string" ? row : JSON.stringify(row)}
    </Box>
  );
}

function namesOf(rows: readonly HeldRow[]): string[] {
  const found = rows.flatMap(({ row }) => (typeof row === "object" && row !== null ? Object.keys(row) : []));
  return [...new Set(found)];
}

function Reasons() {
  const reasons = useQuery({
    queryKey: ["quarantine", "reasons"],
    queryFn: () => unwrap(api.GET("/quarantine/reasons")),
  });
  return (
    <Answered query={reasons} height={120}>
      {(held) => <HeldReasonsTable held={held} />}
    </Answered>
  );
}
