import Alert from "@mui/material/Alert";
import Link from "@mui/material/Link";
import { useTranslation } from "react-i18next";
import { Link as RouterLink } from "react-router";
import type { HeldReason, HeldReasons } from "../../api/names";
import { useFormat } from "../../i18n";
import { useSaid } from "../../i18n/sentences";
import { DataTable } from "../../parts/DataTable";
import { useSession } from "../../session/Session";

/** Why rows are held back, each reason with the way to its rows. */
export function HeldReasonsTable({ held }: { held: HeldReasons }) {
  const { t } = useTranslation();
  const format = useFormat();
  const said = useSaid();
  const { may } = useSession();
  if (held.rows === 0) return <Alert severity="success">{t("data.nothingHeld")}</Alert>;
  return (
    <DataTable
      label={t("data.quarantine")}
      rows={held.reasons}
      rowKey={(each) => `${each.reason} ${each.waits_for}`}
      columns={[
        {
          title: t("models.reason"),
          cell: (each) =>
            may("quarantine:read") ? (
              <Link component={RouterLink} to={addressOf(each)}>
                {said(each.reason)}
              </Link>
            ) : (
              said(each.reason)
            ),
        },
        { title: t("data.waitsFor"), cell: (each) => each.waits_for ?? "" },
        { title: t("data.rows"), isNumber: true, cell: (each) => format.number(each.rows) },
        { title: t("data.first"), cell: (each) => format.moment(each.first_at) },
        { title: t("data.last"), cell: (each) => format.moment(each.last_at) },
      ]}
    />
  );
}

function addressOf({ reason, waits_for }: HeldReason): string {
  const chosen: Record<string, string> = waits_for === null ? { reason } : { waits_for };
  return `/data/quarantine?${new URLSearchParams(chosen).toString()}`;
}
