import Link from "@mui/material/Link";
import Typography from "@mui/material/Typography";
import { useTranslation } from "react-i18next";
import type { ModelVersions } from "../../api/names";
import { useFormat } from "../../i18n";
import { useTold } from "../../i18n/told";
import { DataTable } from "../../parts/DataTable";

/** The newest versions: why each was promoted or not. */
export function Versions({ model }: { model: ModelVersions }) {
  const { t } = useTranslation();
  const format = useFormat();
  const told = useTold();
  return (
    <div>
      <Typography variant="h3">{t("models.versions")}</Typography>
      <DataTable
        label={`${t("models.versions")}: ${model.model}`}
        rows={model.versions}
        rowKey={(version) => version.version}
        columns={[
          { title: t("models.version"), cell: (version) => version.version },
          { title: t("models.role"), cell: (version) => (version.role ? t(`models.${version.role}`) : "") },
          { title: t("models.trainedFor"), cell: (version) => format.day(version.as_of) },
          { title: "AUC", isNumber: true, cell: (version) => format.number(version.metrics.auc, 3) },
          {
            title: t("models.verdict"),
            cell: (version) => (version.verdict === null ? t("models.notJudged") : told(version.verdict_told)),
          },
          {
            title: "MLflow",
            cell: (version) =>
              version.mlflow_url && (
                <Link href={version.mlflow_url} target="_blank" rel="noreferrer">
                  {t("models.openRun", { version: version.version })}
                </Link>
              ),
          },
        ]}
      />
    </div>
  );
}
