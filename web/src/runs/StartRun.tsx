import Alert from "@mui/material/Alert";
import Button from "@mui/material/Button";
import Dialog from "@mui/material/Dialog";
import DialogActions from "@mui/material/DialogActions";
import DialogContent from "@mui/material/DialogContent";
import DialogTitle from "@mui/material/DialogTitle";
import MenuItem from "@mui/material/MenuItem";
import Stack from "@mui/material/Stack";
import TextField from "@mui/material/TextField";
import Typography from "@mui/material/Typography";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type SubmitEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { api } from "../api/client";
import type { NewRun } from "../api/names";
import { unwrap } from "../api/problem";
import { Failure } from "../parts/Answered";
import { useSession } from "../session/Session";

export type Job = NewRun["job"];
export const JOBS: readonly Job[] = ["refresh", "retrain", "quick_retrain", "backfill"];

/** A button that asks which job, and for which days; for those who may start runs. */
export function StartRun({ jobs }: { jobs: readonly Job[] }) {
  const { t } = useTranslation();
  const { may } = useSession();
  const [isOpen, setIsOpen] = useState(false);
  if (!may("runs:manage")) return null;
  return (
    <>
      <Button variant="outlined" onClick={() => setIsOpen(true)}>
        {t("runs.start")}
      </Button>
      {isOpen && <StartDialog jobs={jobs} close={() => setIsOpen(false)} />}
    </>
  );
}

function StartDialog({ jobs, close }: { jobs: readonly Job[]; close: () => void }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const today = new Date().toISOString().slice(0, 10);
  const [job, setJob] = useState<Job>(jobs[0] ?? "refresh");
  const [first, setFirst] = useState(today);
  const [last, setLast] = useState(today);
  const isRange = job === "backfill";
  const start = useMutation({
    mutationFn: () => unwrap(api.POST("/runs", { body: { job, first_day: first, last_day: isRange ? last : null } })),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ["runs"] });
      close();
      await navigate("/data#runs");
    },
  });

  function submit(event: SubmitEvent<HTMLFormElement>) {
    event.preventDefault();
    start.mutate();
  }

  const day = { htmlInput: { max: today }, inputLabel: { shrink: true } };
  return (
    <Dialog open fullWidth maxWidth="sm" onClose={close} aria-labelledby="start-title">
      <form onSubmit={submit}>
        <DialogTitle id="start-title">{t("runs.start")}</DialogTitle>
        <DialogContent>
          <Stack spacing={2} sx={{ pt: 1 }}>
            <TextField select label={t("runs.job")} value={job} onChange={(event) => setJob(event.target.value as Job)}>
              {jobs.map((each) => (
                <MenuItem key={each} value={each}>
                  {t(`job.${each}`)}
                </MenuItem>
              ))}
            </TextField>
            <Typography variant="body2" color="text.secondary">
              {t(`jobNote.${job}`)}
            </Typography>
            <TextField
              required
              type="date"
              name="first_day"
              label={t(isRange ? "runs.firstDay" : "runs.day")}
              value={first}
              onChange={(event) => setFirst(event.target.value)}
              slotProps={day}
            />
            {isRange && (
              <TextField
                required
                type="date"
                name="last_day"
                label={t("runs.lastDay")}
                value={last}
                onChange={(event) => setLast(event.target.value)}
                slotProps={day}
              />
            )}
            <Alert severity="info">{t("runs.wait")}</Alert>
            {start.isError && <Failure error={start.error} />}
          </Stack>
        </DialogContent>
        <DialogActions>
          <Button onClick={close}>{t("state.cancel")}</Button>
          <Button type="submit" variant="contained" disabled={start.isPending}>
            {t("runs.begin")}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
