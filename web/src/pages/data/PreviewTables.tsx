/** The first rows of a file: as the events they would become, and those that would be refused. */
import Alert from "@mui/material/Alert";
import Stack from "@mui/material/Stack";
import Typography from "@mui/material/Typography";
import { useTranslation } from "react-i18next";
import type { FilePreview } from "../../api/names";
import { useFormat } from "../../i18n";
import { useTold } from "../../i18n/told";
import { DataTable } from "../../parts/DataTable";
import { Reasons } from "./JobView";
import { COLUMNS } from "./reading";

export function PreviewTables({ preview }: { preview: FilePreview }) {
  const { t } = useTranslation();
  const format = useFormat();
  const told = useTold();
  if (preview.problem !== null) return <Alert severity="warning">{told(preview.problem_told)}</Alert>;
  const refused = preview.reasons.reduce((sum, { rows }) => sum + rows, 0);
  const filled = COLUMNS.filter((column) => preview.events.some((event) => event[column]));
  return (
    <Stack spacing={2}>
      <Typography>
        {t("import.looked", { rows: format.number(preview.rows), refused: format.number(refused) })}
      </Typography>
      {preview.notes_told.map((note) => (
        <Alert key={note.code} severity="info">
          {told([note])}
        </Alert>
      ))}
      <DataTable
        label={t("import.asEvents")}
        rows={preview.events.slice(0, 8)}
        rowKey={(event) => event.row_number ?? ""}
        columns={[
          { title: t("import.row"), isNumber: true, cell: (event) => event.row_number },
          ...filled.map((column) => ({
            title: t(`eventColumn.${column}`),
            cell: (event: FilePreview["events"][number]) => event[column] ?? "",
          })),
        ]}
      />
      <Reasons reasons={preview.reasons} />
    </Stack>
  );
}
