/** What the campaign brought about beyond what its users do anyway, with its bounds, day by day. */
import Alert from "@mui/material/Alert";
import Box from "@mui/material/Box";
import MenuItem from "@mui/material/MenuItem";
import Stack from "@mui/material/Stack";
import TextField from "@mui/material/TextField";
import Typography from "@mui/material/Typography";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api } from "../../api/client";
import type { Outcome } from "../../api/names";
import { unwrap } from "../../api/problem";
import { Chart } from "../../charts/Chart";
import { useFormat } from "../../i18n";
import { useTold } from "../../i18n/told";
import { Answered, Empty } from "../../parts/Answered";
import { effectInWords } from "./effectWords";

export function Effect({ campaignId }: { campaignId: string }) {
  const { t } = useTranslation();
  const told = useTold();
  const [beside, setBeside] = useState<string | null>(null);
  const effect = useQuery({
    queryKey: ["effect", campaignId, beside],
    queryFn: () =>
      unwrap(
        api.GET("/campaigns/{campaign_id}/effect", {
          params: { path: { campaign_id: campaignId }, query: beside === null ? {} : { beside } },
        }),
      ),
  });
  return (
    <Answered query={effect}>
      {(data) => (
        <Stack spacing={2}>
          {data.warnings_told.map((warning) => (
            <Alert key={warning.code} severity={data.sample_ratio?.is_mismatched ? "error" : "warning"}>
              {told([warning])}
            </Alert>
          ))}
          {data.sample_ratio && <SampleRatio arms={data.sample_ratio.arms} />}
          {data.sample_ratio && data.sample_ratio.arms.length > 2 && (
            <TextField
              select
              size="small"
              label={t("campaigns.beside")}
              value={data.beside ?? ""}
              onChange={(event) => setBeside(event.target.value)}
              sx={{ maxWidth: 280 }}
            >
              {data.sample_ratio.arms.map(({ arm }) => (
                <MenuItem key={arm} value={arm}>
                  {t(`arm.${arm}`, arm)}
                </MenuItem>
              ))}
            </TextField>
          )}
          {data.variants.length === 0 && <Empty>{t("campaigns.noEffect")}</Empty>}
          {data.variants.map(({ variant, outcomes }) => (
            <Box
              key={variant}
              sx={{ display: "grid", gap: 2, gridTemplateColumns: "repeat(auto-fit, minmax(min(320px, 100%), 1fr))" }}
            >
              {outcomes.map((outcome) => (
                <OutcomeChart key={outcome.outcome} variant={variant} outcome={outcome} />
              ))}
            </Box>
          ))}
        </Stack>
      )}
    </Answered>
  );
}

/** Whether each group has as many users as it should: a mismatch is among the warnings. */
function SampleRatio({
  arms,
}: {
  arms: readonly { arm: string; assigned_users: number; expected_users: number; messages_sent: number }[];
}) {
  const { t } = useTranslation();
  const format = useFormat();
  const groups = arms.map(({ arm, assigned_users, expected_users, messages_sent }) =>
    t("campaigns.armSize", {
      arm: t(`arm.${arm}`, arm),
      users: format.number(assigned_users),
      expected: format.number(expected_users),
      messages: format.number(messages_sent),
    }),
  );
  return (
    <Typography variant="body2" color="textSecondary">
      {t("campaigns.armSizes", { groups: groups.join("; ") })}
    </Typography>
  );
}

function OutcomeChart({ variant, outcome }: { variant: string; outcome: Outcome }) {
  const { t } = useTranslation();
  const format = useFormat();
  const last = outcome.days.at(-1);
  const name = t(`outcome.${outcome.outcome}`);
  const line = (data: (number | null)[], isBound: boolean) => ({
    type: "line",
    data,
    showSymbol: false,
    lineStyle: isBound ? { type: "dashed", opacity: 0.6 } : { width: 2 },
    ...(isBound ? {} : { markLine: { silent: true, symbol: "none", data: [{ yAxis: 0 }] } }),
  });
  return (
    <div>
      <Typography variant="h2">
        {t(`arm.${variant}`, variant)}: {name}
      </Typography>
      <Typography>{last ? effectInWords({ ...last, ...outcome }, t, format) : t("campaigns.noEffect")}</Typography>
      <Chart
        label={`${variant}: ${name}`}
        height={200}
        table={{
          header: [t("chart.day"), t("campaigns.total"), t("campaigns.low"), t("campaigns.high")],
          rows: outcome.days.map((day) => [day.day, day.total, day.total_low, day.total_high]),
        }}
        option={{
          tooltip: { trigger: "axis", valueFormatter: (value: number) => format.number(value, 1) },
          grid: { left: 8, right: 8, top: 16, bottom: 8, containLabel: true },
          xAxis: { type: "category", data: outcome.days.map((day) => format.day(day.day)) },
          yAxis: { type: "value", minInterval: 1, axisLabel: { formatter: (value: number) => format.number(value) } },
          series: [
            line(
              outcome.days.map((day) => day.total),
              false,
            ),
            line(
              outcome.days.map((day) => day.total_low),
              true,
            ),
            line(
              outcome.days.map((day) => day.total_high),
              true,
            ),
          ],
        }}
      />
    </div>
  );
}
