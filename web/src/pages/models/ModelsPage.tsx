/** The models: champion beside challenger, why each was promoted or not, whether they keep their promises, what drifted. */
import Chip from "@mui/material/Chip";
import Link from "@mui/material/Link";
import Stack from "@mui/material/Stack";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link as RouterLink } from "react-router";
import { api } from "../../api/client";
import type { ModelReport, ModelVersions } from "../../api/names";
import { unwrap } from "../../api/problem";
import { useFormat } from "../../i18n";
import { Answered, Empty } from "../../parts/Answered";
import { Page } from "../../parts/Page";
import { Section } from "../../parts/Section";
import { StartRun } from "../../runs/StartRun";
import { Backtest } from "./Backtest";
import { ChampionActions } from "./ChampionActions";
import { Changes } from "./Changes";
import { Comparison } from "./Comparison";
import { Curves } from "./Curves";
import { Drift } from "./Drift";
import { RecommenderCard } from "./RecommenderCard";
import { Scorecard } from "./Scorecard";
import { Strengths } from "./Strengths";
import { Versions } from "./Versions";

const OPEN = new Set(["waiting", "running"]);
const LOOK_AGAIN = 2_000;

export function ModelsPage() {
  const { t } = useTranslation();
  const report = useQuery({ queryKey: ["models"], queryFn: () => unwrap(api.GET("/analytics/models")) });
  const versions = useQuery({
    queryKey: ["model versions"],
    queryFn: () => unwrap(api.GET("/models")),
    refetchInterval: ({ state }) =>
      state.data?.models.some(({ change }) => change && OPEN.has(change.state)) ? LOOK_AGAIN : false,
  });
  return (
    <Page
      title={t("pages.models")}
      actions={
        <Stack direction="row" spacing={2} useFlexGap sx={{ flexWrap: "wrap", alignItems: "center" }}>
          {versions.data?.dagster_url && (
            <Link href={versions.data.dagster_url} target="_blank" rel="noreferrer">
              Dagster
            </Link>
          )}
          <Link component={RouterLink} to="/data#runs">
            {t("runs.title")}
          </Link>
          <StartRun jobs={["retrain", "quick_retrain"]} />
        </Stack>
      }
    >
      <Answered query={report} height={600} isEmpty={(data) => data.models.length === 0}>
        {(data) =>
          data.models.map((model) => (
            <Model
              key={model.model}
              model={model}
              versions={versions.data?.models.find((each) => each.model === model.model)}
            />
          ))
        }
      </Answered>
      {versions.data?.models.map(
        (model) => model.use && <RecommenderCard key={model.model} model={model} use={model.use} />,
      )}
      {versions.isError && <Answered query={versions}>{() => null}</Answered>}
    </Page>
  );
}

function Model({ model, versions }: { model: ModelReport; versions: ModelVersions | undefined }) {
  const { t } = useTranslation();
  const format = useFormat();
  const newest = model.drift[0];
  const champion = versions?.versions.find((each) => each.role === "champion");
  const report = versions?.reports[versions.champion_version ?? 0];
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
        {versions && <ChampionActions model={versions} />}
        {versions && versions.versions.length > 0 && <Comparison model={versions} />}
        {model.scorecard.length > 0 ? (
          <Scorecard weeks={model.scorecard} tested={champion?.metrics ?? {}} />
        ) : (
          versions?.versions.some((each) => each.test_cutoff !== null) !== false &&
          model.model !== "segmentation" && <Empty>{t("models.noScorecard")}</Empty>
        )}
        {versions && <Curves model={versions} />}
        {report && report.importance.length > 0 && <Strengths features={report.importance} />}
        {report && report.backtest.length > 0 && <Backtest figures={report.backtest} />}
        {versions && versions.versions.length > 0 && <Versions model={versions} />}
        <Changes model={model} />
        {model.drift.length > 0 && <Drift model={model} reportUrl={versions?.drift_report_url ?? null} />}
      </Stack>
    </Section>
  );
}
