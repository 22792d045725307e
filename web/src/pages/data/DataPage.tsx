/** The data: how fresh it is, what came in, and what was held back and why. */
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api } from "../../api/client";
import type { DataHealth } from "../../api/names";
import { unwrap } from "../../api/problem";
import { useFormat } from "../../i18n";
import { Answered, Empty } from "../../parts/Answered";
import { DataTable } from "../../parts/DataTable";
import { Page } from "../../parts/Page";
import { Section } from "../../parts/Section";
import { Runs } from "../../runs/Runs";

export function DataPage() {
  const { t } = useTranslation();
  const health = useQuery({ queryKey: ["data health"], queryFn: () => unwrap(api.GET("/analytics/data-health")) });
  return (
    <Page title={t("pages.data")}>
      <Answered query={health} height={500}>
        {(data) => (
          <>
            <Section title={t("data.freshness")}>
              <Freshness health={data} />
            </Section>
            <Section title={t("data.quarantine")} note={t("data.quarantineNote")}>
              <Quarantine health={data} />
            </Section>
            <Section title={t("data.imports")}>
              <Imports health={data} />
            </Section>
          </>
        )}
      </Answered>
      <Runs />
    </Page>
  );
}

function Freshness({ health: { freshness } }: { health: DataHealth }) {
  const { t } = useTranslation();
  const format = useFormat();
  const rows: [string, string][] = [
    [t("data.eventsRead"), format.moment(freshness.events_read_at)],
    [t("data.contractPassed"), format.moment(freshness.contract_passed_at)],
    [t("data.lastEvent"), format.day(freshness.last_event_day)],
    [t("data.featuresAsOf"), format.day(freshness.features_as_of)],
    ...freshness.scores.map(({ model, as_of }): [string, string] => [
      t("data.scored", { model: t(`model.${model}`, model) }),
      format.day(as_of),
    ]),
  ];
  return (
    <DataTable
      label={t("data.freshness")}
      rows={rows}
      rowKey={([name]) => name}
      columns={[
        { title: t("data.what"), cell: ([name]) => name },
        { title: t("user.when"), cell: ([, when]) => when },
      ]}
    />
  );
}

function Quarantine({ health }: { health: DataHealth }) {
  const { t } = useTranslation();
  const format = useFormat();
  if (health.quarantine.length === 0) return <Empty>{t("data.nothingHeld")}</Empty>;
  return (
    <DataTable
      label={t("data.quarantine")}
      rows={health.quarantine}
      rowKey={(row) => `${row.reason} ${row.waits_for}`}
      columns={[
        { title: t("models.reason"), cell: (row) => row.reason },
        { title: t("data.waitsFor"), cell: (row) => row.waits_for ?? "" },
        { title: t("data.rows"), isNumber: true, cell: (row) => format.number(row.rows) },
        { title: t("data.first"), cell: (row) => format.moment(row.first_at) },
        { title: t("data.last"), cell: (row) => format.moment(row.last_at) },
      ]}
    />
  );
}

function Imports({ health }: { health: DataHealth }) {
  const { t } = useTranslation();
  const format = useFormat();
  if (health.imports.length === 0) return <Empty>{t("data.noImports")}</Empty>;
  return (
    <DataTable
      label={t("data.imports")}
      rows={health.imports}
      rowKey={(each) => `${each.file_name} ${each.started_at}`}
      columns={[
        { title: t("data.file"), cell: (each) => each.file_name },
        { title: t("user.when"), cell: (each) => format.moment(each.started_at) },
        { title: t("data.read"), isNumber: true, cell: (each) => format.number(each.rows_read) },
        { title: t("data.stored"), isNumber: true, cell: (each) => format.number(each.rows_stored) },
        { title: t("data.known"), isNumber: true, cell: (each) => format.number(each.rows_known) },
        { title: t("data.held"), isNumber: true, cell: (each) => format.number(each.rows_quarantined) },
        {
          title: t("data.state"),
          cell: (each) => (each.finished_at === null ? t("data.unfinished") : t("data.finished")),
        },
      ]}
    />
  );
}
