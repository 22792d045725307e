import Typography from "@mui/material/Typography";
import { useTranslation } from "react-i18next";
import type { ModelVersions } from "../../api/names";
import { Chart } from "../../charts/Chart";
import { useFormat } from "../../i18n";
import { useNames } from "../../i18n/names";

type Features = ModelVersions["reports"][string]["importance"];

/** The features that move the champion's answers most. */
export function Strengths({ features }: { features: Features }) {
  const { t } = useTranslation();
  const format = useFormat();
  const { feature: label } = useNames();
  const upwards = [...features].reverse();
  return (
    <div>
      <Typography variant="h3">{t("models.strengths")}</Typography>
      <Chart
        label={t("models.strengths")}
        height={40 + 26 * features.length}
        table={{
          header: [t("user.feature"), t("models.strength")],
          rows: features.map((each) => [label(each.feature, each.label), each.value]),
        }}
        option={{
          tooltip: { trigger: "axis", valueFormatter: (value: number) => format.number(value, 3) },
          grid: { left: 8, right: 16, top: 4, bottom: 4, containLabel: true },
          xAxis: { type: "value", axisLabel: { show: false }, splitLine: { show: false } },
          yAxis: {
            type: "category",
            data: upwards.map((each) => label(each.feature, each.label)),
            axisLabel: { width: 210, fontSize: 12, overflow: "truncate" },
          },
          series: [{ type: "bar", barMaxWidth: 16, data: upwards.map((each) => each.value) }],
        }}
      />
    </div>
  );
}
