import Box from "@mui/material/Box";
import Card from "@mui/material/Card";
import CardContent from "@mui/material/CardContent";
import Typography from "@mui/material/Typography";
import { useTranslation } from "react-i18next";
import type { Kpi } from "../../api/names";
import { Sparkline } from "../../charts/Sparkline";
import { useFormat } from "../../i18n";

const ORDER = ["active_users", "revenue", "orders", "conversion", "revenue_at_risk", "new_users"];

/** The figures of the last 30 days, each with its change and its shape. */
export function KpiCards({ kpis }: { kpis: readonly Kpi[] }) {
  const { t } = useTranslation();
  const format = useFormat();
  const shown = ({ name }: Kpi, value: number) => {
    if (name === "conversion") return format.share(value, 1);
    return name.startsWith("revenue") ? format.money(value) : format.number(value);
  };
  return (
    <Box sx={{ display: "grid", gap: 2, gridTemplateColumns: "repeat(auto-fit, minmax(165px, 1fr))" }}>
      {ORDER.flatMap((name) => kpis.filter((kpi) => kpi.name === name)).map((kpi) => (
        <Card key={kpi.name}>
          <CardContent sx={{ pb: "12px !important" }}>
            <Typography variant="body2" color="textSecondary">
              {t(`kpi.${kpi.name}`, kpi.name)}
            </Typography>
            <Typography sx={{ fontSize: "1.5rem", fontWeight: 650 }}>{shown(kpi, kpi.value)}</Typography>
            <Typography variant="body2" sx={{ color: colour(kpi), mb: 0.5 }}>
              {format.change(kpi.change)}{" "}
              {kpi.change !== null && (
                <Typography component="span" variant="caption" color="textSecondary">
                  {t("overview.before", { value: shown(kpi, kpi.before) })}
                </Typography>
              )}
            </Typography>
            <Sparkline values={kpi.series} />
          </CardContent>
        </Card>
      ))}
    </Box>
  );
}

/** More revenue at risk is no good news. */
function colour({ name, change }: Kpi): string {
  if (change === null || change === 0) return "text.secondary";
  return change > 0 !== (name === "revenue_at_risk") ? "success.main" : "error.main";
}
