/** The data: how fresh it is, what came in, and what was held back and why. */
import Button from "@mui/material/Button";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link as RouterLink } from "react-router";
import { api } from "../../api/client";
import type { DataHealth } from "../../api/names";
import { unwrap } from "../../api/problem";
import { useFormat } from "../../i18n";
import { Answered, Empty } from "../../parts/Answered";
import { DataTable } from "../../parts/DataTable";
import { Page } from "../../parts/Page";
import { Section } from "../../parts/Section";
import { Runs } from "../../runs/Runs";
import { useSession } from "../../session/Session";
import { Checks, Freshness, Sources } from "./Freshness";
import { HeldReasonsTable } from "./HeldReasons";
import { Uploads } from "./Uploads";

export function DataPage() {
  const { t } = useTranslation();
  const { may } = useSession();
  const queries = useQueryClient();
  const health = useQuery({
    queryKey: ["data health"],
    queryFn: async () => {
      const data = await unwrap(api.GET("/analytics/data-health"));
      // Asked again alone while a file is being imported.
      if (data.uploads != null) queries.setQueryData(["uploads"], data.uploads);
      return data;
    },
    refetchOnMount: "always",
  });
  return (
    <Page
      title={t("pages.data")}
      actions={
        may("imports:manage") && (
          <Button component={RouterLink} to="/data/import" variant="contained">
            {t("import.title")}
          </Button>
        )
      }
    >
      <Answered query={health} height={900}>
        {(data) => <Health data={data} />}
      </Answered>
      <Runs />
    </Page>
  );
}

function Health({ data }: { data: DataHealth }) {
  const { t } = useTranslation();
  const { may } = useSession();
  return (
    <>
      <Section
        title={t("data.quarantine")}
        note={t("data.quarantineNote")}
        actions={
          may("quarantine:read") && (
            <Button component={RouterLink} to="/data/quarantine" size="small">
              {t("quarantine.open")}
            </Button>
          )
        }
      >
        {data.held && <HeldReasonsTable held={data.held} />}
      </Section>
      {data.uploads != null && (
        <Section title={t("import.uploads")} note={t("import.uploadsNote")}>
          <Uploads />
        </Section>
      )}
      <Section title={t("data.checks")} note={t("data.checksNote")}>
        <Checks health={data} />
      </Section>
      <Section title={t("data.freshness")}>
        <Freshness health={data} />
      </Section>
      <Section title={t("data.sources")}>
        <Sources health={data} />
      </Section>
      <Section title={t("data.imports")}>
        <Imports health={data} />
      </Section>
    </>
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
