import Link from "@mui/material/Link";
import Typography from "@mui/material/Typography";
import { useTranslation } from "react-i18next";
import type { ModelReport } from "../../api/names";
import { useFormat } from "../../i18n";
import { useTold } from "../../i18n/told";
import { DataTable } from "../../parts/DataTable";

/** What each look for drift found, and the whole report of the newest one. */
export function Drift({ model, reportUrl }: { model: ModelReport; reportUrl: string | null }) {
  const { t } = useTranslation();
  const format = useFormat();
  const told = useTold();
  return (
    <div>
      <Typography variant="h3">{t("models.drift")}</Typography>
      {reportUrl !== null && (
        <Link href={reportUrl} target="_blank" rel="noreferrer" variant="body2">
          {t("models.driftReport")}
        </Link>
      )}
      <DataTable
        label={`${t("models.drift")}: ${model.model}`}
        rows={model.drift}
        rowKey={(day) => `${day.as_of} ${day.model_version}`}
        columns={[
          { title: t("chart.day"), cell: (day) => format.day(day.as_of) },
          { title: t("models.share"), isNumber: true, cell: (day) => format.share(day.share_drifted) },
          { title: t("models.alarms"), cell: (day) => day.alarms.join(", ") },
          { title: t("models.reason"), cell: (day) => told(day.reason_told) },
        ]}
      />
    </div>
  );
}
