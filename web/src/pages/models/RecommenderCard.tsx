/** The recommender: whether a learned one is used and why, champion beside challenger, and whether it keeps its promise. */
import Alert from "@mui/material/Alert";
import Stack from "@mui/material/Stack";
import Typography from "@mui/material/Typography";
import { useTranslation } from "react-i18next";
import type { ModelVersions } from "../../api/names";
import type { components } from "../../api/schema";
import { useFormat } from "../../i18n";
import { useSaid } from "../../i18n/sentences";
import { DataTable } from "../../parts/DataTable";
import { Section } from "../../parts/Section";
import { ChampionActions } from "./ChampionActions";
import { Comparison } from "./Comparison";
import { Versions } from "./Versions";

type Use = components["schemas"]["RecommenderUse"];

export function RecommenderCard({ model, use }: { model: ModelVersions; use: Use }) {
  const { t } = useTranslation();
  const format = useFormat();
  const said = useSaid();
  const why = use.verdict === null ? t("models.notJudged") : said(use.verdict);
  return (
    <Section title={t("model.recommendation")} note={t("models.recommenderNote")}>
      <Stack spacing={3}>
        {use.model_version === null ? (
          <Alert severity="info">{t("models.recommenderUnused", { why })}</Alert>
        ) : (
          <Alert severity="success">
            {t("models.recommenderUsed", {
              version: use.model_version,
              day: format.day(use.as_of),
              why,
            })}
          </Alert>
        )}
        <ChampionActions model={model} />
        {model.versions.length > 0 && <Comparison model={model} />}
        {use.promises.length > 0 && <Promises use={use} />}
        {model.versions.length > 0 && <Versions model={model} />}
      </Stack>
    </Section>
  );
}

/** What was foretold for each horizon that is over, and what came. */
function Promises({ use }: { use: Use }) {
  const { t } = useTranslation();
  const format = useFormat();
  const rows = use.promises.flatMap((promise) =>
    Object.entries(promise.figures).map(([name, figure]) => ({ ...promise, name, figure })),
  );
  const share = (value: number | null | undefined) => format.number(value, 3);
  return (
    <div>
      <Typography variant="h3">{t("models.promises")}</Typography>
      <DataTable
        label={t("models.promises")}
        rows={rows}
        rowKey={(row) => `${row.cutoff} ${row.horizon_days} ${row.name}`}
        columns={[
          { title: t("models.promisedFrom"), cell: (row) => format.day(row.cutoff) },
          { title: t("models.version"), isNumber: true, cell: (row) => format.number(row.model_version) },
          { title: t("models.figure"), cell: (row) => t(`figure.${row.name}_at_10`) },
          { title: t("models.foretold"), isNumber: true, cell: (row) => share(row.figure.foretold) },
          {
            title: t("models.came"),
            isNumber: true,
            cell: (row) =>
              t("policies.between", {
                value: share(row.figure.came),
                low: share(row.figure.low),
                high: share(row.figure.high),
              }),
          },
          { title: t("figure.most_popular"), isNumber: true, cell: (row) => share(row.figure.baselines.most_popular) },
          { title: t("figure.own_repeats"), isNumber: true, cell: (row) => share(row.figure.baselines.own_repeats) },
          {
            title: t("data.state"),
            cell: (row) => t(row.is_early ? "models.early" : row.is_kept ? "models.kept" : "models.broken"),
          },
        ]}
      />
    </div>
  );
}
