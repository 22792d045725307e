/** The models: what runs, how it came to run, whether it keeps its promises, and what has drifted. */
import Chip from "@mui/material/Chip";
import Stack from "@mui/material/Stack";
import Typography from "@mui/material/Typography";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api } from "../../api/client";
import type { ModelReport } from "../../api/names";
import { unwrap } from "../../api/problem";
import { useFormat } from "../../i18n";
import { Answered, Empty } from "../../parts/Answered";
import { DataTable } from "../../parts/DataTable";
import { Page } from "../../parts/Page";
import { Section } from "../../parts/Section";
import { Scorecard } from "./Scorecard";

export function ModelsPage() {
  const { t } = useTranslation();
  const report = useQuery({ queryKey: ["models"], queryFn: () => unwrap(api.GET("/analytics/models")) });
  return (
    <Page title={t("pages.models")}>
      <Answered query={report} height={600} isEmpty={(data) => data.models.length === 0}>
        {(data) => data.models.map((model) => <Model key={model.model} model={model} />)}
      </Answered>
    </Page>
  );
}

function Model({ model }: { model: ModelReport }) {
  const { t } = useTranslation();
  const format = useFormat();
  const newest = model.drift[0];
  return (
    <Section
      title={t(`model.${model.model}`, model.model)}
      note={
        model.deployment === null
          ? t("models.notDeployed")
          : t("models.deployed", {
              version: model.deployment.model_version,
              moment: format.moment(model.deployment.deployed_at),
              who: model.deployment.deployed_by,
            })
      }
      actions={
        newest && (
          <Chip
            size="small"
            variant="outlined"
            color={newest.is_confirmed ? "error" : newest.is_drifted ? "warning" : "success"}
            label={t(
              newest.is_confirmed ? "models.driftConfirmed" : newest.is_drifted ? "models.drifted" : "models.steady",
            )}
          />
        )
      }
    >
      <Stack spacing={3}>
        {model.scorecard.length > 0 ? <Scorecard weeks={model.scorecard} /> : <Empty>{t("models.noScorecard")}</Empty>}
        <div>
          <Typography variant="h2">{t("models.changes")}</Typography>
          <DataTable
            label={`${t("models.changes")}: ${model.model}`}
            rows={model.changes}
            rowKey={(change) => `${change.promoted_at} ${change.to_version}`}
            columns={[
              { title: t("user.when"), cell: (change) => format.moment(change.promoted_at) },
              { title: t("models.version"), cell: (change) => `${change.from_version ?? "–"} → ${change.to_version}` },
              { title: t("models.kind"), cell: (change) => t(`models.${change.kind}`) },
              { title: t("models.reason"), cell: (change) => change.reason },
              { title: t("models.who"), cell: (change) => change.promoted_by },
            ]}
          />
        </div>
        {model.drift.length > 0 && (
          <div>
            <Typography variant="h2">{t("models.drift")}</Typography>
            <DataTable
              label={`${t("models.drift")}: ${model.model}`}
              rows={model.drift}
              rowKey={(day) => `${day.as_of} ${day.model_version}`}
              columns={[
                { title: t("chart.day"), cell: (day) => format.day(day.as_of) },
                { title: t("models.share"), isNumber: true, cell: (day) => format.share(day.share_drifted) },
                { title: t("models.alarms"), cell: (day) => day.alarms.join(", ") },
                { title: t("models.reason"), cell: (day) => day.reason },
              ]}
            />
          </div>
        )}
      </Stack>
    </Section>
  );
}
