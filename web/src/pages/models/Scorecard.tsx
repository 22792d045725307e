import Box from "@mui/material/Box";
import { useTranslation } from "react-i18next";
import type { ScorecardWeek } from "../../api/names";
import { Chart } from "../../charts/Chart";
import { useFormat } from "../../i18n";

/** What was foretold beside what came true, and how well users were ranked, by the week of the answers. */
export function Scorecard({ weeks }: { weeks: readonly ScorecardWeek[] }) {
  const { t } = useTranslation();
  const format = useFormat();
  const shown = weeks.filter((week) => week.kind === "score").reverse();
  const days = shown.map((week) => format.day(week.as_of_week));
  const table = {
    header: [
      t("models.week"),
      t("models.version"),
      t("segments.users"),
      t("models.foretold"),
      t("models.cameTrue"),
      "AUC",
      "Brier",
    ],
    rows: shown.map((week) => [
      week.as_of_week,
      week.model_version,
      week.users,
      week.predicted_rate,
      week.observed_rate,
      week.auc,
      week.brier,
    ]),
  };
  const grid = { left: 8, right: 8, top: 16, bottom: 36, containLabel: true };
  const line = (name: string, data: (number | null)[]) => ({ name, type: "line", data, symbolSize: 5 });
  return (
    <Box sx={{ display: "grid", gap: 2, gridTemplateColumns: { xs: "minmax(0, 1fr)", md: "1fr 1fr" } }}>
      <Chart
        label={t("models.calibration")}
        height={220}
        table={table}
        option={{
          tooltip: { trigger: "axis", valueFormatter: (value: number) => format.share(value, 1) },
          legend: { bottom: 0 },
          grid,
          xAxis: { type: "category", data: days },
          yAxis: { type: "value", min: 0, axisLabel: { formatter: (value: number) => format.share(value) } },
          series: [
            line(
              t("models.foretold"),
              shown.map((week) => week.predicted_rate),
            ),
            line(
              t("models.cameTrue"),
              shown.map((week) => week.observed_rate),
            ),
          ],
        }}
      />
      <Chart
        label={t("models.ranking")}
        height={220}
        table={table}
        option={{
          tooltip: { trigger: "axis", valueFormatter: (value: number) => format.number(value, 3) },
          legend: { bottom: 0 },
          grid,
          xAxis: { type: "category", data: days },
          yAxis: { type: "value", min: 0.5, max: 1 },
          series: [
            line(
              "AUC",
              shown.map((week) => week.auc),
            ),
          ],
        }}
      />
    </Box>
  );
}
