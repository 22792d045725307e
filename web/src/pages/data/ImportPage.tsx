/** A file of events becomes events: it is sent, its columns are named, an import is rehearsed, and then done. */
import Button from "@mui/material/Button";
import Stack from "@mui/material/Stack";
import Step from "@mui/material/Step";
import StepLabel from "@mui/material/StepLabel";
import Stepper from "@mui/material/Stepper";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link as RouterLink, useNavigate, useParams } from "react-router";
import { api } from "../../api/client";
import type { DataJob, FileReading } from "../../api/names";
import { unwrap } from "../../api/problem";
import { Answered, Failure } from "../../parts/Answered";
import { Page } from "../../parts/Page";
import { Section } from "../../parts/Section";
import { isOver, JobView, useJob } from "./JobView";
import { PreviewTables } from "./PreviewTables";
import { ReadingForm } from "./ReadingForm";
import { UploadStep } from "./UploadStep";

const STEPS = ["file", "columns", "rehearsal", "done"] as const;

export function ImportPage() {
  const { t } = useTranslation();
  const go = useNavigate();
  const { uploadId } = useParams();
  return (
    <Page title={t("import.title")} note={t("import.note")}>
      {uploadId === undefined ? (
        <>
          <Steps active={0} />
          <Section title={t("import.file")}>
            <UploadStep onDone={(id) => void go(`/data/import/${id}`)} />
          </Section>
        </>
      ) : (
        <Uploaded key={uploadId} uploadId={uploadId} />
      )}
    </Page>
  );
}

function Steps({ active }: { active: number }) {
  const { t } = useTranslation();
  return (
    <Stepper activeStep={active} alternativeLabel>
      {STEPS.map((step) => (
        <Step key={step}>
          <StepLabel>{t(`importStep.${step}`)}</StepLabel>
        </Step>
      ))}
    </Stepper>
  );
}

function Uploaded({ uploadId }: { uploadId: string }) {
  const upload = useQuery({
    queryKey: ["upload", uploadId],
    queryFn: () => unwrap(api.GET("/imports/{upload_id}", { params: { path: { upload_id: uploadId } } })),
  });
  return (
    <Answered query={upload} height={400}>
      {(data) => {
        const imported = data.jobs.find(({ kind }) => kind === "import");
        return data.is_kept && imported?.state !== "running" && imported?.state !== "waiting" ? (
          <Reading uploadId={uploadId} name={data.file_name} failed={imported} />
        ) : (
          <Imported job={imported} uploadId={uploadId} importIds={data.import_ids} name={data.file_name} />
        );
      }}
    </Answered>
  );
}

function Reading({ uploadId, name, failed }: { uploadId: string; name: string; failed: DataJob | undefined }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const [said, setSaid] = useState<FileReading | null>(null);
  const path = { params: { path: { upload_id: uploadId } } };
  const preview = useQuery({
    queryKey: ["preview", uploadId, said],
    queryFn: () => unwrap(api.POST("/imports/{upload_id}/preview", { ...path, body: { reading: said, like: null } })),
    placeholderData: (before) => before,
  });
  const reading = said ?? preview.data?.reading;
  const rehearse = useMutation({
    mutationFn: (how: FileReading) =>
      unwrap(api.POST("/imports/{upload_id}/rehearsal", { ...path, body: { reading: how, even_if_known: false } })),
  });
  const start = useMutation({
    mutationFn: (how: FileReading) =>
      unwrap(api.POST("/imports/{upload_id}/start", { ...path, body: { reading: how, even_if_known: false } })),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["upload", uploadId] }),
  });
  const rehearsal = useJob(rehearse.data?.job_id);
  const isReadable = preview.data?.problem === null && !preview.isPlaceholderData;

  function change(next: FileReading) {
    setSaid(next);
    // What was counted was counted with another reading.
    rehearse.reset();
  }

  return (
    <>
      <Steps active={rehearsal.data?.state === "done" ? 2 : 1} />
      <Section title={t("import.columns", { file: name })} note={t("import.columnsNote")}>
        <Answered query={preview} height={300}>
          {(data) => (
            <Stack spacing={3}>
              {reading && <ReadingForm reading={reading} columns={data.columns} change={change} />}
              <PreviewTables preview={data} />
            </Stack>
          )}
        </Answered>
      </Section>
      <Section title={t("import.rehearsal")} note={t("import.rehearsalNote")}>
        <Stack spacing={2} sx={{ alignItems: "stretch" }}>
          <Stack direction="row" spacing={1} useFlexGap sx={{ flexWrap: "wrap" }}>
            <Button
              variant="outlined"
              disabled={!isReadable || rehearse.isPending || (rehearsal.data && !isOver(rehearsal.data))}
              onClick={() => reading && rehearse.mutate(reading)}
            >
              {t("import.rehearse")}
            </Button>
            <Button
              variant="contained"
              disabled={rehearsal.data?.state !== "done" || start.isPending}
              onClick={() => reading && start.mutate(reading)}
            >
              {t("import.start")}
            </Button>
          </Stack>
          {rehearse.isError && <Failure error={rehearse.error} />}
          {start.isError && <Failure error={start.error} />}
          {failed?.state === "failed" && !rehearsal.data && <JobView job={failed} />}
          {rehearsal.data && <JobView job={rehearsal.data} />}
        </Stack>
      </Section>
    </>
  );
}

function Imported({
  job,
  uploadId,
  importIds,
  name,
}: {
  job: DataJob | undefined;
  uploadId: string;
  importIds: number[];
  name: string;
}) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const current = useJob(job?.job_id).data ?? job;
  const isDone = current !== undefined && isOver(current);
  useEffect(() => {
    if (isDone && job && !isOver(job)) {
      void queries.invalidateQueries({ queryKey: ["upload", uploadId] });
      void queries.invalidateQueries({ queryKey: ["data health"] });
      void queries.invalidateQueries({ queryKey: ["quarantine"] });
    }
  }, [isDone, job, queries, uploadId]);
  const held = current?.counts?.quarantined ?? 0;
  return (
    <>
      <Steps active={isDone ? 4 : 3} />
      <Section title={t("import.result", { file: name })}>
        <Stack spacing={2}>
          {current ? <JobView job={current} /> : t("import.gone")}
          {isDone && (
            <Stack direction="row" spacing={1} useFlexGap sx={{ flexWrap: "wrap" }}>
              {held > 0 && importIds[0] !== undefined && (
                <Button
                  component={RouterLink}
                  variant="contained"
                  to={`/data/quarantine?import_id=${importIds[0].toString()}`}
                >
                  {t("import.toQuarantine")}
                </Button>
              )}
              <Button component={RouterLink} variant="outlined" to="/data">
                {t("import.toData")}
              </Button>
              <Button component={RouterLink} to="/data/import">
                {t("import.another")}
              </Button>
            </Stack>
          )}
        </Stack>
      </Section>
    </>
  );
}
