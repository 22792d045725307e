import Box from "@mui/material/Box";
import Typography from "@mui/material/Typography";
import { useTranslation } from "react-i18next";
import type { ModelVersions } from "../../api/names";
import { Chart } from "../../charts/Chart";
import { useFormat } from "../../i18n";

const GRID = { left: 8, right: 16, top: 16, bottom: 52, containLabel: true };
const CONTENDERS = ["model", "recency", "rfm_logistic"] as const;

/** Whether the probabilities hold, and how much better than at random users are found, on the out-of-time test. */
export function Curves({ model }: { model: ModelVersions }) {
  const { t } = useTranslation();
  const format = useFormat();
  const roles = model.versions.filter((each) => each.role !== null);
  const named = roles.flatMap((each) => {
    const report = model.reports[each.version];
    return report ? [{ name: `${t(`models.${each.role}`)} ${each.version}`, report }] : [];
  });
  const champion = named[0];
  if (champion === undefined || named.every(({ report }) => report.reliability.length === 0)) return null;
  const share = (value: number) => format.share(value);
  const axis = (name: string) => ({
    type: "value" as const,
    name,
    nameLocation: "middle" as const,
    nameGap: 26,
    min: 0,
    axisLabel: { formatter: share },
  });
  const most = Math.max(...named.flatMap(({ report }) => report.reliability.map((bin) => bin.high)));
  // The champion's lift beside its baselines'; of the challenger the line alone.
  const lifts = named.flatMap(({ name, report }, place) =>
    CONTENDERS.slice(0, place === 0 ? 3 : 1).map((contender) => ({
      name: contender === "model" ? name : t(`contender.${contender}`),
      points: report.gain.filter((point) => point.contender === contender && point.lift !== null),
    })),
  );
  return (
    <div>
      <Typography variant="h3">{t("models.outOfTime")}</Typography>
      <Box sx={{ display: "grid", gap: 2, gridTemplateColumns: { xs: "minmax(0, 1fr)", md: "1fr 1fr" } }}>
        <Chart
          label={`${t("models.reliability")}: ${model.model}`}
          height={280}
          table={{
            header: [
              t("models.version"),
              t("models.foretold"),
              t("models.cameTrue"),
              t("models.low"),
              t("models.high"),
              t("segments.users"),
            ],
            rows: named.flatMap(({ name, report }) =>
              report.reliability.map((bin) => [name, bin.predicted, bin.observed, bin.low, bin.high, bin.rows]),
            ),
          }}
          option={{
            tooltip: { trigger: "axis", valueFormatter: share },
            legend: { bottom: 0 },
            grid: GRID,
            xAxis: axis(t("models.foretold")),
            yAxis: { type: "value", min: 0, axisLabel: { formatter: share } },
            series: [
              ...named.map(({ name, report }) => ({
                name,
                type: "line",
                symbolSize: 7,
                data: report.reliability.map((bin) => [bin.predicted, bin.observed]),
              })),
              {
                name: t("models.perfect"),
                type: "line",
                symbol: "none",
                lineStyle: { type: "dashed", width: 1 },
                data: [
                  [0, 0],
                  [most, most],
                ],
              },
            ],
          }}
        />
        <Chart
          label={`${t("models.lift")}: ${model.model}`}
          height={280}
          table={{
            header: [t("models.version"), t("models.shareUsers"), t("models.lift")],
            rows: lifts.flatMap(({ name, points }) => points.map((point) => [name, point.share_users, point.lift])),
          }}
          option={{
            tooltip: { trigger: "axis", valueFormatter: (value: number) => format.number(value, 2) },
            legend: { bottom: 0 },
            grid: GRID,
            xAxis: { ...axis(t("models.shareUsers")), max: 1 },
            yAxis: { type: "value", min: 0 },
            series: lifts.map(({ name, points }) => ({
              name,
              type: "line",
              symbol: "none",
              data: points.map((point) => [point.share_users, point.lift]),
            })),
          }}
        />
      </Box>
    </div>
  );
}
