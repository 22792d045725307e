import Link from "@mui/material/Link";
import Typography from "@mui/material/Typography";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { Link as RouterLink } from "react-router";
import type { Dashboard } from "../../api/names";
import { TimeSeries } from "../../charts/TimeSeries";
import { useFormat } from "../../i18n";

/** Revenue and orders by day, with what is usual, and with what happened. */
export function RevenueChart({ data }: { data: Dashboard }) {
  const { t } = useTranslation();
  const format = useFormat();
  const { days, usual, marks } = data;
  const running = days.find((day) => day.is_running)?.first_day ?? null;
  const revenue = format.inCurrency(t("kpi.revenue"));
  const light = useMemo(
    () => (running === null ? null : { day: running, name: `${revenue} (${t("overview.runs")})` }),
    [running, revenue, t],
  );
  const drawn = useMemo(() => {
    const byDay = new Map(usual.map((each) => [each.day, each]));
    const edge = (which: "low" | "high") => days.map((day) => format.amount(byDay.get(day.first_day)?.[which] ?? null));
    return {
      days: days.map((day) => day.first_day),
      bars: { name: revenue, values: days.map((day) => format.amount(day.revenue)) },
      line: { name: t("kpi.orders"), values: days.map((day) => day.orders) },
      band: {
        low: { name: t("overview.usualFrom"), values: edge("low") },
        high: { name: t("overview.usualTo"), values: edge("high") },
      },
      marks: marks.map((mark) => mark.day),
    };
  }, [days, usual, marks, revenue, format, t]);
  return (
    <>
      <TimeSeries
        label={t("overview.revenueByDay")}
        {...drawn}
        running={light}
        table={{
          header: [
            t("chart.day"),
            revenue,
            t("kpi.orders"),
            t("kpi.active_users"),
            t("overview.usualFrom"),
            t("overview.usualTo"),
            t("overview.happened"),
          ],
          rows: days.map((day, place) => [
            day.is_running ? `${day.first_day} (${t("overview.runs")})` : day.first_day,
            format.amount(day.revenue),
            day.orders,
            day.active_users,
            drawn.band.low.values[place] ?? null,
            drawn.band.high.values[place] ?? null,
            marks
              .filter((mark) => mark.day === day.first_day)
              .map((mark) => t(`overview.mark_${mark.kind}`, { ...mark }))
              .join("; "),
          ]),
        }}
      />
      {running !== null && (
        <Typography variant="body2" color="text.secondary">
          {t("overview.running", { day: format.day(running) })}
        </Typography>
      )}
      {marks.length > 0 && (
        <Typography component="ul" variant="body2" sx={{ pl: 2.5, my: 0.5 }}>
          {marks.map((mark) => (
            <li key={`${mark.kind} ${mark.subject} ${mark.link}`}>
              {format.day(mark.day)}:{" "}
              <Link component={RouterLink} to={mark.kind === "campaign" ? `/campaigns/${mark.link}` : "/models"}>
                {t(`overview.mark_${mark.kind}`, { ...mark })}
              </Link>
            </li>
          ))}
        </Typography>
      )}
    </>
  );
}
