import Typography from "@mui/material/Typography";
import { useTranslation } from "react-i18next";
import type { ModelReport } from "../../api/names";
import { useFormat } from "../../i18n";
import { useTold } from "../../i18n/told";
import { DataTable } from "../../parts/DataTable";

/** Every promotion and rollback: when, what, why, by whom. */
export function Changes({ model }: { model: ModelReport }) {
  const { t } = useTranslation();
  const format = useFormat();
  const told = useTold();
  return (
    <div>
      <Typography variant="h3">{t("models.changes")}</Typography>
      <DataTable
        label={`${t("models.changes")}: ${model.model}`}
        rows={model.changes}
        rowKey={(change) => `${change.promoted_at} ${change.to_version}`}
        columns={[
          { title: t("user.when"), cell: (change) => format.moment(change.promoted_at) },
          { title: t("models.version"), cell: (change) => `${change.from_version ?? "–"} → ${change.to_version}` },
          { title: t("models.kind"), cell: (change) => t(`models.${change.kind}`) },
          { title: t("models.reason"), cell: (change) => told(change.reason_told) },
          { title: t("models.who"), cell: (change) => change.promoted_by },
        ]}
      />
    </div>
  );
}
