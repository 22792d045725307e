/** Exporting and erasing a user: jobs of the server, which this shows until they are over. */
import Alert from "@mui/material/Alert";
import Button from "@mui/material/Button";
import Dialog from "@mui/material/Dialog";
import DialogActions from "@mui/material/DialogActions";
import DialogContent from "@mui/material/DialogContent";
import DialogTitle from "@mui/material/DialogTitle";
import Stack from "@mui/material/Stack";
import TextField from "@mui/material/TextField";
import Typography from "@mui/material/Typography";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api } from "../../api/client";
import { unwrap } from "../../api/problem";
import { download } from "../../charts/csv";
import { Failure } from "../../parts/Answered";
import { Section } from "../../parts/Section";
import { useSession } from "../../session/Session";

const path = (userId: string) => ({ params: { path: { user_id: userId } } });

export function PersonalData({ userId }: { userId: string }) {
  const { t } = useTranslation();
  const { may } = useSession();
  const [isAsking, setIsAsking] = useState(false);
  const begin = useMutation({
    mutationFn: (kind: "export" | "erasure") =>
      kind === "export"
        ? unwrap(api.POST("/users/{user_id}/exports", path(userId)))
        : unwrap(api.POST("/users/{user_id}/erasures", path(userId))),
  });
  if (!may("users:export") && !may("users:erase")) return null;
  return (
    <Section title={t("personal.title")} note={t("personal.note")}>
      <Stack spacing={2}>
        <Stack direction="row" spacing={1}>
          {may("users:export") && (
            <Button variant="outlined" onClick={() => begin.mutate("export")} disabled={begin.isPending}>
              {t("personal.askExport")}
            </Button>
          )}
          {may("users:erase") && (
            <Button variant="outlined" color="error" onClick={() => setIsAsking(true)} disabled={begin.isPending}>
              {t("personal.askErasure")}
            </Button>
          )}
        </Stack>
        {begin.isError && <Failure error={begin.error} />}
        {begin.data && <JobState jobId={begin.data.job_id} userId={userId} />}
      </Stack>
      <EraseDialog
        userId={userId}
        isOpen={isAsking}
        close={() => setIsAsking(false)}
        erase={() => {
          setIsAsking(false);
          begin.mutate("erasure");
        }}
      />
    </Section>
  );
}

function JobState({ jobId, userId }: { jobId: string; userId: string }) {
  const { t } = useTranslation();
  const job = useQuery({
    queryKey: ["job", jobId],
    queryFn: () => unwrap(api.GET("/jobs/{job_id}", { params: { path: { job_id: jobId } } })),
    refetchInterval: ({ state }) => (state.data?.state === "done" || state.data?.state === "failed" ? false : 1000),
  });
  const save = useMutation({
    mutationFn: async () => {
      const text = await unwrap(
        api.GET("/jobs/{job_id}/export", { params: { path: { job_id: jobId } }, parseAs: "text" }),
      );
      download(`${userId}.json`, String(text), "application/json");
    },
  });
  if (job.isError) return <Failure error={job.error} />;
  if (!job.data) return null;
  const { state, kind, error } = job.data;
  return (
    <Alert
      severity={state === "failed" ? "error" : state === "done" ? "success" : "info"}
      role="status"
      action={
        state === "done" && kind === "export" && <Button onClick={() => save.mutate()}>{t("personal.download")}</Button>
      }
    >
      {t(`personal.${kind}.${state}`)} {error}
    </Alert>
  );
}

function EraseDialog({
  userId,
  isOpen,
  close,
  erase,
}: {
  userId: string;
  isOpen: boolean;
  close: () => void;
  erase: () => void;
}) {
  const { t } = useTranslation();
  const [typed, setTyped] = useState("");
  return (
    <Dialog open={isOpen} onClose={close} aria-labelledby="erase-title">
      <DialogTitle id="erase-title">{t("personal.eraseTitle", { user: userId })}</DialogTitle>
      <DialogContent>
        <Typography sx={{ mb: 2 }}>{t("personal.eraseText")}</Typography>
        <TextField
          fullWidth
          autoFocus
          label={t("personal.typeId")}
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
        />
      </DialogContent>
      <DialogActions>
        <Button onClick={close}>{t("state.cancel")}</Button>
        <Button color="error" variant="contained" disabled={typed !== userId} onClick={erase}>
          {t("personal.askErasure")}
        </Button>
      </DialogActions>
    </Dialog>
  );
}
