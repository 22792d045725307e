import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import type { RevenuePeriod } from "../../api/names";
import { TimeSeries } from "../../charts/TimeSeries";

/** Revenue and orders by day. */
export function RevenueChart({ days }: { days: readonly RevenuePeriod[] }) {
  const { t } = useTranslation();
  const drawn = useMemo(
    () => ({
      days: days.map((day) => day.first_day),
      bars: { name: t("kpi.revenue"), values: days.map((day) => day.revenue) },
      line: { name: t("kpi.orders"), values: days.map((day) => day.orders) },
    }),
    [days, t],
  );
  return (
    <TimeSeries
      label={t("overview.revenueByDay")}
      {...drawn}
      table={{
        header: [t("chart.day"), t("kpi.revenue"), t("kpi.orders"), t("kpi.active_users")],
        rows: days.map((day) => [day.first_day, day.revenue, day.orders, day.active_users]),
      }}
    />
  );
}
