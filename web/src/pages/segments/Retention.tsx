import { useTheme } from "@mui/material/styles";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import type { Cohort } from "../../api/names";
import { daysAfter } from "../../app/calendar";
import { usersPath } from "../../audience/query";
import { Chart } from "../../charts/Chart";
import { useFormat } from "../../i18n";

/** Share of each week's newcomers who were active in the weeks after. A running week is not drawn: more will come. */
export function Retention({ cohorts }: { cohorts: readonly Cohort[] }) {
  const { t } = useTranslation();
  const format = useFormat();
  const { palette } = useTheme();
  const shown = [...cohorts].sort((one, other) => other.first_day.localeCompare(one.first_day));
  const most = Math.max(0, ...shown.flatMap((cohort) => cohort.weeks.map((week) => week.week)));
  const name = (cohort: Cohort) => `${format.day(cohort.first_day)} (${format.number(cohort.users)})`;
  const go = useNavigate();
  const people = (cohort: Cohort, week: number) =>
    usersPath({
      first_seen_from: cohort.first_day,
      first_seen_until: daysAfter(cohort.first_day, 6),
      did: "been_active",
      from_day: daysAfter(cohort.first_day, 7 * week),
      until_day: daysAfter(cohort.first_day, 7 * week + 6),
    });
  const cells = shown.flatMap((cohort, row) =>
    cohort.weeks
      .filter((week) => !week.is_running && week.week > 0)
      .map((week) => [week.week - 1, row, week.share ?? 0]),
  );
  return (
    <Chart
      label={t("segments.retention")}
      height={80 + 26 * shown.length}
      onPart={({ dataIndex }) => {
        const [week, row] = cells[dataIndex] ?? [];
        const cohort = shown[row ?? -1];
        if (cohort && week !== undefined) void go(people(cohort, week + 1));
      }}
      table={{
        header: [t("segments.cohort"), t("segments.users"), t("segments.week"), t("segments.share")],
        rows: shown.flatMap((cohort) =>
          cohort.weeks.map((week) => [cohort.first_day, cohort.users, week.week, week.is_running ? null : week.share]),
        ),
        links: shown.flatMap((cohort) => cohort.weeks.map(({ week }) => people(cohort, week))),
      }}
      option={{
        tooltip: { trigger: "item", valueFormatter: (value: number) => format.share(value, 1) },
        grid: { left: 130, right: 8, top: 24, bottom: 48 },
        xAxis: { type: "category", position: "top", data: Array.from({ length: most }, (_, week) => String(week + 1)) },
        yAxis: {
          type: "category",
          inverse: true,
          data: shown.map(name),
          axisLabel: { width: 170, overflow: "truncate" },
        },
        visualMap: {
          min: 0,
          max: Math.max(0.01, ...cells.map((cell) => cell[2] ?? 0)),
          orient: "horizontal",
          left: "center",
          bottom: 0,
          formatter: (value: number) => format.share(value),
          inRange: { color: [palette.background.default, palette.primary.main] },
          textStyle: { color: palette.text.primary },
        },
        series: [{ type: "heatmap", data: cells, cursor: "pointer" }],
      }}
    />
  );
}
