/** Segments side by side: each mean beside that of all users, so that it is seen what sets a segment apart. */
import Box from "@mui/material/Box";
import Link from "@mui/material/Link";
import { useTranslation } from "react-i18next";
import { Link as RouterLink } from "react-router";
import type { Segment } from "../../api/names";
import { usersPath } from "../../audience/query";
import { type Format, useFormat } from "../../i18n";
import { useNames } from "../../i18n/names";
import { DataTable } from "../../parts/DataTable";

type Figure =
  | "mean_purchase_amount"
  | "mean_orders"
  | "mean_expected_value"
  | "mean_purchase_probability"
  | "mean_churn_probability"
  | "high_risk_share"
  | "mean_days_since_active";

const FIGURES: readonly { figure: Figure; label: string; show: (format: Format, value: number | null) => string }[] = [
  { figure: "mean_purchase_amount", label: "segments.meanSpent", show: (format, value) => format.money(value, 1) },
  { figure: "mean_orders", label: "segments.meanOrders", show: (format, value) => format.number(value, 1) },
  { figure: "mean_expected_value", label: "user.expectedValue", show: (format, value) => format.money(value, 1) },
  { figure: "mean_purchase_probability", label: "user.purchase", show: (format, value) => format.share(value) },
  { figure: "mean_churn_probability", label: "user.churn", show: (format, value) => format.share(value) },
  { figure: "high_risk_share", label: "segments.highRisk", show: (format, value) => format.share(value) },
  { figure: "mean_days_since_active", label: "segments.silence", show: (format, value) => format.number(value) },
];

export function Profiles({ segments }: { segments: readonly Segment[] }) {
  const { t } = useTranslation();
  const format = useFormat();
  const names = useNames();
  return (
    <DataTable
      label={t("segments.profiles")}
      rows={FIGURES}
      rowKey={({ figure }) => figure}
      columns={[
        { title: t("segments.figure"), cell: ({ label }) => t(label) },
        {
          title: t("segments.everybody"),
          isNumber: true,
          cell: ({ figure, show }) => show(format, mean(segments, figure)),
        },
        ...segments.map((segment) => ({
          title: segment.segment === null ? t("segments.none") : names.segment(segment.segment),
          head:
            segment.segment === null ? undefined : (
              <Link component={RouterLink} to={usersPath({ segment: segment.segment })}>
                {names.segment(segment.segment)}
              </Link>
            ),
          isNumber: true,
          cell: ({ figure, show }: (typeof FIGURES)[number]) => (
            <Box component="span" sx={weight(segment[figure], mean(segments, figure))}>
              {show(format, segment[figure])}
            </Box>
          ),
        })),
      ]}
    />
  );
}

/** The mean of all users whose segment knows the figure. */
function mean(segments: readonly Segment[], figure: Figure): number | null {
  const known = segments.filter((segment) => segment[figure] !== null);
  const users = known.reduce((sum, segment) => sum + segment.users, 0);
  if (users === 0) return null;
  return known.reduce((sum, segment) => sum + (segment[figure] ?? 0) * segment.users, 0) / users;
}

/** Far from everybody's mean: half as much or less, half as much again or more. */
function weight(value: number | null, all: number | null) {
  if (value === null || all === null || all === 0) return {};
  const ratio = value / all;
  if (ratio >= 1.5) return { fontWeight: 700, color: "primary.main" };
  return ratio <= 0.5 ? { fontWeight: 700, color: "warning.main" } : {};
}
