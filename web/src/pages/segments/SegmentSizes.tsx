import { useTranslation } from "react-i18next";
import type { SegmentMove } from "../../api/names";
import { Chart } from "../../charts/Chart";
import { useFormat } from "../../i18n";
import { Empty } from "../../parts/Answered";
import { sizesOf } from "./sizes";

/** How large each segment was on each scored day. */
export function SegmentSizes({ moves }: { moves: readonly SegmentMove[] }) {
  const { t } = useTranslation();
  const format = useFormat();
  const { days, segments } = sizesOf(moves);
  if (days.length < 2) return <Empty>{t("segments.noMoves")}</Empty>;
  return (
    <Chart
      label={t("segments.sizes")}
      height={320}
      table={{
        header: [t("chart.day"), t("user.segment"), t("segments.users")],
        rows: days.flatMap((day, place) => segments.map(({ name, users }) => [day, name, users[place] ?? 0])),
      }}
      option={{
        tooltip: { trigger: "axis", valueFormatter: (value: number) => format.number(value) },
        legend: { type: "scroll", bottom: 0 },
        grid: { left: 8, right: 16, top: 12, bottom: 36, containLabel: true },
        xAxis: { type: "category", data: days.map((day) => format.day(day)) },
        yAxis: { type: "value", axisLabel: { formatter: (value: number) => format.number(value) } },
        series: segments.map(({ name, users }) => ({ type: "line", name, data: users, showSymbol: days.length < 20 })),
      }}
    />
  );
}
