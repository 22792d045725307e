import Box from "@mui/material/Box";
import Typography from "@mui/material/Typography";
import { useTranslation } from "react-i18next";
import type { User } from "../../api/names";
import { useFormat } from "../../i18n";
import { useNames } from "../../i18n/names";

/** Who it is, in ten figures. */
export function Facts({ user, lifetime }: { user: NonNullable<User["summary"]>; lifetime: User["lifetime_value"] }) {
  const { t } = useTranslation();
  const format = useFormat();
  const names = useNames();
  const facts: [string, string][] = [
    ["user.segment", user.segment === null ? "–" : names.segment(user.segment)],
    ["user.expectedValue", format.money(user.expected_value, 2)],
    ["user.lifetimeValue90", format.money(lifetime?.days_90 ?? null, 2)],
    ["user.lifetimeValue365", format.money(lifetime?.days_365 ?? null, 2)],
    ["user.purchase", format.share(user.purchase_probability)],
    ["user.churn", format.share(user.churn_probability)],
    ["user.spent", format.money(user.purchase_amount_total, 2)],
    ["user.orders", format.number(user.orders_total)],
    ["user.firstSeen", format.day(user.first_seen_day)],
    ["user.lastActive", format.day(user.last_active_day)],
  ];
  return (
    <Box
      component="dl"
      sx={{ m: 0, display: "grid", gap: 2, gridTemplateColumns: "repeat(auto-fit, minmax(130px, 1fr))" }}
    >
      {facts.map(([label, value]) => (
        <div key={label}>
          <Typography component="dt" variant="body2" color="textSecondary">
            {t(label)}
          </Typography>
          <Typography component="dd" sx={{ m: 0, fontWeight: 600 }}>
            {value}
          </Typography>
        </div>
      ))}
    </Box>
  );
}
