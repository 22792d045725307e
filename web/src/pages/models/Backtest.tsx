import Box from "@mui/material/Box";
import Typography from "@mui/material/Typography";
import { useTranslation } from "react-i18next";
import type { ModelVersions } from "../../api/names";
import { Chart } from "../../charts/Chart";
import { useFormat } from "../../i18n";

type Figures = ModelVersions["reports"][string]["backtest"];

const SHOWN = ["auc", "calibration_error"] as const;
const POOLED = "pooled";

/** How the champion would have done at its last test cutoffs, beside its baselines. */
export function Backtest({ figures }: { figures: Figures }) {
  const { t } = useTranslation();
  const format = useFormat();
  const days = [...new Set(figures.map((each) => each.group))].filter((group) => group !== POOLED).sort();
  const contenders = [...new Set(figures.map((each) => each.contender))];
  const name = (contender: string) => t(`contender.${contender}`, contender);
  const table = {
    header: [
      t("models.cutoff"),
      t("models.contender"),
      t("models.figure"),
      t("models.estimate"),
      t("models.low"),
      t("models.high"),
      t("segments.users"),
    ],
    rows: figures.map((each) => [
      each.group === POOLED ? t("models.pooled") : each.group,
      name(each.contender),
      t(`figure.${each.figure}`, each.figure),
      each.estimate,
      each.low,
      each.high,
      each.rows,
    ]),
  };
  return (
    <div>
      <Typography variant="h3">{t("models.backtest")}</Typography>
      <Box sx={{ display: "grid", gap: 2, gridTemplateColumns: { xs: "minmax(0, 1fr)", md: "1fr 1fr" } }}>
        {SHOWN.map((figure) => (
          <Chart
            key={figure}
            label={`${t("models.backtest")}: ${t(`figure.${figure}`)}`}
            height={220}
            table={table}
            option={{
              tooltip: { trigger: "axis", valueFormatter: (value: number) => format.number(value, 3) },
              legend: { bottom: 0 },
              grid: { left: 8, right: 16, top: 16, bottom: 36, containLabel: true },
              xAxis: { type: "category", data: days.map(format.day) },
              yAxis: {
                type: "value",
                scale: true,
                axisLabel: { formatter: (value: number) => format.number(value, 2) },
              },
              series: contenders.map((contender) => ({
                name: name(contender),
                type: "line",
                symbolSize: 5,
                data: days.map(
                  (day) =>
                    figures.find((each) => each.group === day && each.contender === contender && each.figure === figure)
                      ?.estimate ?? null,
                ),
              })),
            }}
          />
        ))}
      </Box>
    </div>
  );
}
