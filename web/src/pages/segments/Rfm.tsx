import { useTranslation } from "react-i18next";
import type { RfmCell } from "../../api/names";
import { useFormat } from "../../i18n";
import { DataTable } from "../../parts/DataTable";

/** Buyers with alike recency, frequency and monetary value, the largest groups first. */
export function Rfm({ cells }: { cells: readonly RfmCell[] }) {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <DataTable
      label={t("segments.rfm")}
      rows={cells}
      rowKey={(cell) => cell.cell}
      columns={[
        { title: t("rfm.cell"), cell: (cell) => cell.cell },
        { title: t("segments.users"), isNumber: true, cell: (cell) => format.number(cell.users) },
        { title: t("rfm.recency"), isNumber: true, cell: (cell) => format.number(cell.mean_recency_days, 1) },
        { title: t("rfm.orders"), isNumber: true, cell: (cell) => format.number(cell.mean_orders, 1) },
        { title: t("user.spent"), isNumber: true, cell: (cell) => format.number(cell.purchase_amount) },
      ]}
    />
  );
}
