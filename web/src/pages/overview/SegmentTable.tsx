import Link from "@mui/material/Link";
import { useTranslation } from "react-i18next";
import { Link as RouterLink } from "react-router";
import type { Segment } from "../../api/names";
import { useFormat } from "../../i18n";
import { useNames } from "../../i18n/names";
import { DataTable } from "../../parts/DataTable";

/** Segments side by side; a name leads to its people. */
export function SegmentTable({ segments }: { segments: readonly Segment[] }) {
  const { t } = useTranslation();
  const format = useFormat();
  const names = useNames();
  return (
    <DataTable
      label={t("pages.segments")}
      rows={segments}
      rowKey={(each) => each.segment ?? ""}
      columns={[
        {
          title: t("user.segment"),
          cell: ({ segment }) =>
            segment === null ? (
              t("segments.none")
            ) : (
              <Link component={RouterLink} to={`/users?segment=${encodeURIComponent(segment)}`}>
                {names.segment(segment)}
              </Link>
            ),
        },
        { title: t("segments.users"), isNumber: true, cell: (each) => format.number(each.users) },
        { title: t("segments.share"), isNumber: true, cell: (each) => format.share(each.share) },
        { title: t("user.spent"), isNumber: true, cell: (each) => format.money(each.purchase_amount_total) },
        { title: t("user.expectedValue"), isNumber: true, cell: (each) => format.money(each.mean_expected_value, 1) },
        { title: t("user.purchase"), isNumber: true, cell: (each) => format.share(each.mean_purchase_probability) },
        { title: t("user.churn"), isNumber: true, cell: (each) => format.share(each.mean_churn_probability) },
      ]}
    />
  );
}
