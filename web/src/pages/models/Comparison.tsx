import Alert from "@mui/material/Alert";
import Stack from "@mui/material/Stack";
import Typography from "@mui/material/Typography";
import { useTranslation } from "react-i18next";
import type { ModelVersions } from "../../api/names";
import { useFormat } from "../../i18n";
import { useTold } from "../../i18n/told";
import { DataTable } from "../../parts/DataTable";

/** Figures of recommenders and of both baselines beside them. */
const RANKING = ["recipe", "most_popular", "own_repeats"].flatMap((name) => [
  `${name}_recall_at_10`,
  `${name}_ndcg_at_10`,
]);
/** Figures of the out-of-time test that people compare, in this order; a model has some of them. */
const FIGURES = [
  "auc",
  "brier",
  "calibration_error",
  "lift_at_10",
  "users",
  "segments",
  "stability",
  "silhouette",
  ...RANKING,
];
/** What the gate measured for both on the same users: the challenger's name for it, and the champion's. */
const CHECKS: [string, string, string][] = [
  ["auc", "challenger_auc", "champion_auc"],
  ["brier", "brier", "champion_brier"],
  ["calibration_error", "calibration_error", "champion_calibration_error"],
  ["segments", "segments", "champion_segments"],
  ["stability", "stability", "champion_stability"],
  ["silhouette", "separation", "champion_separation"],
  ["largest_share", "largest_share", "champion_largest_share"],
];

/** The champion beside the challenger, and why each was promoted or not. */
export function Comparison({ model }: { model: ModelVersions }) {
  const { t } = useTranslation();
  const format = useFormat();
  const told = useTold();
  const champion = model.versions.find((each) => each.role === "champion");
  const challenger = model.versions.find((each) => each.role === "challenger");
  const both = [champion, challenger].filter((each) => each !== undefined);
  const figure = (name: string, value: number | null | undefined) =>
    format.number(value, name === "users" || name === "segments" ? 0 : 3);
  const tested = FIGURES.filter((name) => both.some((each) => each.metrics[name] != null)).map((name) => ({
    name: t("models.tested", { figure: t(`figure.${name}`, name) }),
    champion: figure(name, champion?.metrics[name]),
    challenger: figure(name, challenger?.metrics[name]),
  }));
  const checks = challenger?.checks ?? {};
  const judged = CHECKS.filter(([, , theirs]) => checks[theirs] != null).map(([name, ours, theirs]) => ({
    name: t("models.judged", { figure: t(`figure.${name}`, name) }),
    champion: figure(name, checks[theirs]),
    challenger: figure(name, checks[ours]),
  }));
  const days = {
    name: t("models.trainedFor"),
    champion: format.day(champion?.as_of),
    challenger: format.day(challenger?.as_of),
  };
  return (
    <Stack spacing={1}>
      <Typography variant="h3">{t("models.beside")}</Typography>
      {both.map((each) => (
        <Alert
          key={each.version}
          severity={each.role === "champion" ? "success" : each.is_refused ? "warning" : "info"}
        >
          {t(`models.${each.role}`)} {each.version}:{" "}
          {each.verdict === null ? t("models.notJudged") : told(each.verdict_told)}
        </Alert>
      ))}
      <DataTable
        label={`${t("models.beside")}: ${model.model}`}
        rows={[days, ...tested, ...judged]}
        rowKey={(row) => row.name}
        columns={[
          { title: t("models.figure"), cell: (row) => row.name },
          { title: `${t("models.champion")} ${champion?.version ?? ""}`, isNumber: true, cell: (row) => row.champion },
          {
            title: `${t("models.challenger")} ${challenger?.version ?? ""}`,
            isNumber: true,
            cell: (row) => row.challenger,
          },
        ]}
      />
      {challenger === undefined && (
        <Typography variant="body2" color="text.secondary">
          {t("models.noChallenger")}
        </Typography>
      )}
    </Stack>
  );
}
