import { useTranslation } from "react-i18next";
import type { RevenuePeriod } from "../../api/names";
import { Chart } from "../../charts/Chart";
import { useFormat } from "../../i18n";

/** Revenue and orders by day; the running day is drawn lighter, since more will come. */
export function RevenueChart({ days }: { days: readonly RevenuePeriod[] }) {
  const { t } = useTranslation();
  const format = useFormat();
  const names = { revenue: t("kpi.revenue"), orders: t("kpi.orders") };
  return (
    <Chart
      label={t("overview.revenueByDay")}
      table={{
        header: [t("chart.day"), names.revenue, names.orders, t("kpi.active_users")],
        rows: days.map((day) => [day.first_day, day.revenue, day.orders, day.active_users]),
      }}
      option={{
        tooltip: { trigger: "axis", valueFormatter: (value: number) => format.number(value) },
        legend: { data: [names.revenue, names.orders], bottom: 0 },
        grid: { left: 8, right: 8, top: 16, bottom: 36, containLabel: true },
        xAxis: {
          type: "category",
          data: days.map((day) => format.day(day.first_day)),
          axisLabel: { hideOverlap: true },
        },
        yAxis: [
          { type: "value", axisLabel: { formatter: (value: number) => format.number(value) } },
          { type: "value", splitLine: { show: false } },
        ],
        series: [
          {
            name: names.revenue,
            type: "bar",
            data: days.map((day) => ({ value: day.revenue, itemStyle: { opacity: day.is_running ? 0.4 : 0.85 } })),
          },
          { name: names.orders, type: "line", yAxisIndex: 1, showSymbol: false, data: days.map((day) => day.orders) },
        ],
      }}
    />
  );
}
