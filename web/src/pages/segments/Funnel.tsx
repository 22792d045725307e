import { useTranslation } from "react-i18next";
import type { FunnelCounts } from "../../api/names";
import { Chart } from "../../charts/Chart";
import { useFormat } from "../../i18n";

const STEPS = ["active_users", "viewers", "cart_users", "checkout_users", "buyers"] as const;

/** How many different users came how far. */
export function Funnel({ total }: { total: FunnelCounts }) {
  const { t } = useTranslation();
  const format = useFormat();
  const rows = STEPS.map((step, place) => {
    const before = place === 0 ? null : total[STEPS[place - 1] ?? step];
    return { name: t(`funnel.${step}`), users: total[step], share: before ? total[step] / before : null };
  });
  const upwards = [...rows].reverse();
  return (
    <Chart
      label={t("segments.funnel")}
      height={280}
      table={{
        header: [t("funnel.step"), t("segments.users"), t("funnel.ofBefore")],
        rows: rows.map((row) => [row.name, row.users, row.share]),
      }}
      option={{
        grid: { left: 8, right: 110, top: 8, bottom: 8, containLabel: true },
        xAxis: { type: "value", show: false },
        yAxis: {
          type: "category",
          data: upwards.map((row) => row.name),
          axisTick: { show: false },
          axisLine: { show: false },
        },
        series: [
          {
            type: "bar",
            barWidth: "70%",
            data: upwards.map((row) => row.users),
            label: {
              show: true,
              position: "right",
              formatter: ({ dataIndex }: { dataIndex: number }) => {
                const row = upwards[dataIndex];
                return row
                  ? `${format.number(row.users)}${row.share === null ? "" : ` (${format.share(row.share)})`}`
                  : "";
              },
            },
          },
        ],
      }}
    />
  );
}
