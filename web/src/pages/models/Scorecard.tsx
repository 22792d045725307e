import Box from "@mui/material/Box";
import Typography from "@mui/material/Typography";
import { useTranslation } from "react-i18next";
import type { ModelVersion, ScorecardWeek } from "../../api/names";
import { Chart } from "../../charts/Chart";
import { useFormat } from "../../i18n";

const GRID = { left: 8, right: 8, top: 16, bottom: 36, containLabel: true };

/** How many users it was foretold of, in whole users. */
const foretoldUsers = (week: ScorecardWeek) => Math.round(week.predicted_rate * week.users);

/** For how many of them it came true. */
const cameUsers = (week: ScorecardWeek) => Math.round(week.observed_rate * week.users);

/**
 * What was foretold beside what came true, and how well users were ranked, by the week of the answers; each beside what
 * the champion's out-of-time test promised.
 */
export function Scorecard({ weeks, tested }: { weeks: readonly ScorecardWeek[]; tested: ModelVersion["metrics"] }) {
  const { t } = useTranslation();
  const format = useFormat();
  const shown = weeks.filter((week) => week.kind === "score").reverse();
  const days = shown.map((week) => format.day(week.as_of_week));
  const table = {
    header: [
      t("models.week"),
      t("models.version"),
      t("segments.users"),
      t("models.foretoldUsers"),
      t("models.cameUsers"),
      t("models.foretold"),
      t("models.cameTrue"),
      t("models.foretoldMoney"),
      t("models.cameMoney"),
      "AUC",
      "Brier",
      t("figure.calibration_error"),
    ],
    rows: shown.map((week) => [
      week.as_of_week,
      week.model_version,
      week.users,
      foretoldUsers(week),
      cameUsers(week),
      week.predicted_rate,
      week.observed_rate,
      week.predicted_amount,
      week.observed_amount,
      week.auc,
      week.brier,
      week.calibration_error,
    ]),
  };
  const newest = shown.filter((week) => week.is_live).at(-1);
  const line = (name: string, data: (number | null)[]) => ({ name, type: "line", data, symbolSize: 5 });
  const promised = (value: number | null | undefined) =>
    value == null
      ? []
      : [
          {
            name: t("models.inTest"),
            type: "line",
            symbol: "none",
            lineStyle: { type: "dashed" },
            data: days.map(() => value),
          },
        ];
  const option = (written: (value: number) => string, series: object[], scale: object = {}) => ({
    tooltip: { trigger: "axis", valueFormatter: written },
    legend: { bottom: 0 },
    grid: GRID,
    xAxis: { type: "category", data: days },
    yAxis: { type: "value", axisLabel: { formatter: written }, ...scale },
    series,
  });
  const number = (value: number) => format.number(value, 3);
  return (
    <div>
      <Typography variant="h3">{t("models.since")}</Typography>
      {newest !== undefined && (
        <Typography variant="body2">
          {t("models.levelOfWeek", {
            week: format.day(newest.as_of_week),
            users: format.number(newest.users),
            foretold: format.number(foretoldUsers(newest)),
            came: format.number(cameUsers(newest)),
          })}
          {newest.predicted_amount !== null &&
            ` ${t("models.moneyOfWeek", {
              foretold: format.money(newest.predicted_amount),
              came: format.money(newest.observed_amount),
            })}`}
        </Typography>
      )}
      <Box sx={{ display: "grid", gap: 2, gridTemplateColumns: { xs: "minmax(0, 1fr)", md: "repeat(3, 1fr)" } }}>
        <Chart
          label={t("models.calibration")}
          height={220}
          table={table}
          option={option(
            (value) => format.share(value, 1),
            [
              line(
                t("models.foretold"),
                shown.map((week) => week.predicted_rate),
              ),
              line(
                t("models.cameTrue"),
                shown.map((week) => week.observed_rate),
              ),
            ],
            { min: 0 },
          )}
        />
        <Chart
          label={t("models.ranking")}
          height={220}
          table={table}
          option={option(
            number,
            [
              line(
                "AUC",
                shown.map((week) => week.auc),
              ),
              ...promised(tested.auc),
            ],
            { min: 0.5, max: 1 },
          )}
        />
        <Chart
          label={t("figure.calibration_error")}
          height={220}
          table={table}
          option={option(
            number,
            [
              line(
                t("figure.calibration_error"),
                shown.map((week) => week.calibration_error),
              ),
              ...promised(tested.calibration_error),
            ],
            { min: 0 },
          )}
        />
      </Box>
    </div>
  );
}
