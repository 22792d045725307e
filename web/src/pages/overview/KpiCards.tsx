import Box from "@mui/material/Box";
import Card from "@mui/material/Card";
import CardContent from "@mui/material/CardContent";
import Typography from "@mui/material/Typography";
import { useTranslation } from "react-i18next";
import type { Kpi, RevenuePeriod } from "../../api/names";
import { Sparkline } from "../../charts/Sparkline";
import { useFormat } from "../../i18n";

/** The figures of the last 30 days, each with its change and its shape. */
export function KpiCards({ kpis, days }: { kpis: readonly Kpi[]; days: readonly RevenuePeriod[] }) {
  const { t } = useTranslation();
  const format = useFormat();
  const shown = ({ name }: Kpi, value: number) => (name === "revenue" ? format.money(value) : format.number(value));
  return (
    <Box sx={{ display: "grid", gap: 2, gridTemplateColumns: "repeat(auto-fit, minmax(165px, 1fr))" }}>
      {kpis.map((kpi) => (
        <Card key={kpi.name}>
          <CardContent sx={{ pb: "12px !important" }}>
            <Typography variant="body2" color="textSecondary">
              {t(`kpi.${kpi.name}`, kpi.name)}
            </Typography>
            <Typography sx={{ fontSize: "1.5rem", fontWeight: 650 }}>{shown(kpi, kpi.value)}</Typography>
            <Typography variant="body2" sx={{ color: colour(kpi), mb: 0.5 }}>
              {format.change(kpi.change)}{" "}
              <Typography component="span" variant="caption" color="textSecondary">
                {t("overview.before", { value: shown(kpi, kpi.before) })}
              </Typography>
            </Typography>
            <Sparkline values={days.map((day) => seriesOf(day, kpi.name))} />
          </CardContent>
        </Card>
      ))}
    </Box>
  );
}

/** More refunds are no good news. */
function colour({ name, change }: Kpi): string {
  if (change === null || change === 0) return "text.secondary";
  return change > 0 !== name.startsWith("refund") ? "success.main" : "error.main";
}

function seriesOf(day: RevenuePeriod, name: string): number {
  const value: unknown = name in day ? day[name as keyof RevenuePeriod] : 0;
  return typeof value === "number" ? value : 0;
}
