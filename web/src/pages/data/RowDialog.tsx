/** One row, whole, and a form of what it says in each column of an event. */
import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import Dialog from "@mui/material/Dialog";
import DialogActions from "@mui/material/DialogActions";
import DialogContent from "@mui/material/DialogContent";
import DialogTitle from "@mui/material/DialogTitle";
import Stack from "@mui/material/Stack";
import TextField from "@mui/material/TextField";
import Typography from "@mui/material/Typography";
import { type SubmitEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import type { HeldRow } from "../../api/names";
import { useFormat } from "../../i18n";
import { useSaid } from "../../i18n/sentences";
import { Failure } from "../../parts/Answered";
import { useSession } from "../../session/Session";
import { JobView } from "./JobView";
import { changedFields, FILLED, type FilledColumn } from "./repair";
import { useRepair } from "./useRepair";

interface Props {
  row: HeldRow;
  close: () => void;
  onDone: () => unknown;
}

export function RowDialog({ row, close, onDone }: Props) {
  const { t } = useTranslation();
  const said = useSaid();
  const format = useFormat();
  const { may } = useSession();
  const [fields, setFields] = useState<Partial<Record<FilledColumn, string>>>(() =>
    Object.fromEntries(FILLED.map((column) => [column, row.event[column] ?? ""])),
  );
  const repair = useRepair(onDone);
  const isDone = repair.job?.state === "done" && repair.job.repaired?.held === 0;

  function submit(event: SubmitEvent<HTMLFormElement>) {
    event.preventDefault();
    repair.ask.mutate({
      selection: { quarantine_id: row.quarantine_id },
      change: { fields: changedFields(row.event, fields) },
    });
  }

  return (
    <Dialog open onClose={close} fullWidth maxWidth="md" aria-labelledby="row-title">
      <Box component="form" onSubmit={submit}>
        <DialogTitle id="row-title">
          {t("quarantine.rowTitle", {
            row: format.number(row.row_number),
            file: row.file_name ?? t("quarantine.noFile"),
          })}
        </DialogTitle>
        <DialogContent>
          <Stack spacing={2}>
            <Typography color="error">{said(row.reason)}</Typography>
            <Box
              component="pre"
              tabIndex={0}
              aria-label={t("quarantine.content")}
              sx={{ m: 0, p: 1.5, overflow: "auto", bgcolor: "action.hover", borderRadius: 1, fontSize: "0.85rem" }}
            >
              {JSON.stringify(row.row, null, 2)}
            </Box>
            {may("quarantine:repair") && (
              <>
                <Typography variant="body2" color="text.secondary">
                  {t("quarantine.fieldsNote")}
                </Typography>
                <Box sx={GRID}>
                  {FILLED.map((column) => (
                    <TextField
                      key={column}
                      size="small"
                      name={column}
                      label={t(`eventColumn.${column}`)}
                      value={fields[column] ?? ""}
                      autoComplete="off"
                      onChange={({ target }) => setFields({ ...fields, [column]: target.value })}
                    />
                  ))}
                </Box>
              </>
            )}
            {repair.ask.isError && <Failure error={repair.ask.error} />}
            {repair.job && <JobView job={repair.job} />}
          </Stack>
        </DialogContent>
        <DialogActions>
          <Button onClick={close}>{t("quarantine.close")}</Button>
          {may("quarantine:repair") && !isDone && (
            <Button type="submit" variant="contained" disabled={repair.isBusy}>
              {t("quarantine.tryAgain")}
            </Button>
          )}
        </DialogActions>
      </Box>
    </Dialog>
  );
}

const GRID = {
  display: "grid",
  gap: 2,
  pt: 1,
  gridTemplateColumns: "repeat(auto-fill, minmax(min(100%, 200px), 1fr))",
};
