/** What one model says of the user now, why, and what can be done. */
import Alert from "@mui/material/Alert";
import Box from "@mui/material/Box";
import { useTheme } from "@mui/material/styles";
import Typography from "@mui/material/Typography";
import { useTranslation } from "react-i18next";
import type { ModelAnswer, Reason } from "../../api/names";
import { Chart } from "../../charts/Chart";
import { useFormat } from "../../i18n";
import { useNames } from "../../i18n/names";
import { Section } from "../../parts/Section";

export function Prediction({ answer }: { answer: ModelAnswer }) {
  const { t } = useTranslation();
  const format = useFormat();
  const names = useNames();
  const { prediction } = answer;
  const title = t(`model.${answer.model}`, answer.model);
  if (prediction == null) {
    return (
      <Section title={title}>
        <Alert severity="warning">{t(answer.unavailable === null ? "state.failed" : "user.away")}</Alert>
      </Section>
    );
  }
  const said =
    "probability" in prediction ? format.share(prediction.probability, 1) : names.segment(prediction.segment ?? "–");
  return (
    <Section
      title={title}
      note={answer.horizon_days == null ? t("user.now") : t("user.within", { count: answer.horizon_days })}
    >
      <Typography sx={{ fontSize: "1.7rem", fontWeight: 650 }}>
        {said}{" "}
        {"risk" in prediction && (
          <Typography component="span" color="textSecondary">
            {t(`risk.${prediction.risk}`)}
          </Typography>
        )}
      </Typography>
      {prediction.basis !== "model" && <Alert severity="info">{t(`user.basis.${prediction.basis}`)}</Alert>}
      {prediction.reasons.length > 0 && (
        <Reasons
          model={answer.model}
          label={t("user.reasons", { model: title })}
          reasons={prediction.reasons}
          isSigned={"probability" in prediction}
        />
      )}
      {prediction.advice.map((advice) => (
        <Typography key={advice} variant="body2" sx={{ mt: 1 }}>
          {names.advice(advice)}
        </Typography>
      ))}
      <Typography variant="caption" color="textSecondary" component="div" sx={{ mt: 1 }}>
        {t("user.version", { version: prediction.model_version })}
      </Typography>
    </Section>
  );
}

/** Each feature's part in the answer: to the right it raises it, to the left it lowers it. */
function Reasons({
  model,
  label,
  reasons,
  isSigned,
}: {
  model: string;
  label: string;
  reasons: readonly Reason[];
  /** Whether a part raises or lowers the answer; a segment has parts of a distance. */
  isSigned: boolean;
}) {
  const { t } = useTranslation();
  const names = useNames();
  const format = useFormat();
  const { palette } = useTheme();
  const upwards = [...reasons].reverse();
  return (
    <>
      <Chart
        label={label}
        height={20 + 36 * reasons.length}
        table={{
          header: [t("user.feature"), t("user.value"), t("user.part")],
          rows: reasons.map((reason) => [
            names.feature(reason.feature, reason.label),
            reason.value,
            reason.contribution,
          ]),
        }}
        option={{
          // One look at both signs: what raises the answer, and what lowers it.
          tooltip: { trigger: "axis", valueFormatter: (value: number) => format.number(value, 3) },
          grid: { left: 158, right: 8, top: 4, bottom: 4 },
          xAxis: { type: "value", axisLabel: { show: false }, splitLine: { show: false } },
          yAxis: {
            type: "category",
            data: upwards.map((reason) => names.feature(reason.feature, reason.label)),
            axisLabel: { width: 140, fontSize: 11, lineHeight: 13, overflow: "break" },
          },
          series: [
            {
              type: "bar",
              data: upwards.map(({ contribution }) => ({
                value: contribution,
                itemStyle: { color: isSigned && contribution > 0 ? palette.warning.main : palette.primary.main },
              })),
              markLine: {
                silent: true,
                symbol: "none",
                label: { show: false },
                lineStyle: { type: "solid", color: palette.text.secondary },
                data: [{ xAxis: 0 }],
              },
            },
          ],
        }}
      />
      {isSigned && (
        <Typography variant="caption" color="textSecondary" component="div">
          <Swatch color="primary.main" /> {t("user.lowers")} <Swatch color="warning.main" /> {t("user.raises")}
        </Typography>
      )}
      <Typography component="ul" variant="body2" sx={{ pl: 2.5, my: 1 }}>
        {reasons.map((reason) => (
          <li key={reason.feature}>{names.reason(model, reason)}</li>
        ))}
      </Typography>
    </>
  );
}

function Swatch({ color }: { color: string }) {
  return (
    <Box
      component="span"
      aria-hidden
      sx={{ display: "inline-block", width: 10, height: 10, borderRadius: 0.3, bgcolor: color, ml: 0.5 }}
    />
  );
}
