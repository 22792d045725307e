/** A rehearsal, an import or a repair: how far it is, and what it came to. */
import Alert from "@mui/material/Alert";
import Box from "@mui/material/Box";
import LinearProgress from "@mui/material/LinearProgress";
import Stack from "@mui/material/Stack";
import Typography from "@mui/material/Typography";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api } from "../../api/client";
import type { DataJob, ImportCounts, RepairCounts } from "../../api/names";
import { unwrap } from "../../api/problem";
import { useFormat } from "../../i18n";
import { useSaid } from "../../i18n/sentences";
import { useTold } from "../../i18n/told";
import { DataTable } from "../../parts/DataTable";

/** A job, asked for again until it is over. */
export function useJob(jobId: string | undefined) {
  return useQuery({
    queryKey: ["data job", jobId],
    enabled: jobId !== undefined,
    queryFn: () => unwrap(api.GET("/data-jobs/{job_id}", { params: { path: { job_id: jobId ?? "" } } })),
    refetchInterval: ({ state }) => (state.data && isOver(state.data) ? false : 700),
  });
}

export function isOver({ state }: DataJob): boolean {
  return state === "done" || state === "failed";
}

export function JobView({ job }: { job: DataJob }) {
  const { t } = useTranslation();
  const told = useTold();
  const severity = job.state === "failed" ? "error" : job.state === "done" ? "success" : "info";
  return (
    <Stack spacing={2}>
      <Alert severity={severity} role="status">
        {t(`dataJob.${job.kind}.${job.state}`)} {told(job.error_told)}
      </Alert>
      {!isOver(job) && (
        <LinearProgress
          aria-label={t("dataJob.progress")}
          {...(job.fraction === null ? {} : { variant: "determinate" as const, value: Math.round(100 * job.fraction) })}
        />
      )}
      {job.counts && <Counts counts={job.counts} />}
      {job.repaired && <Repaired counts={job.repaired} />}
    </Stack>
  );
}

function Counts({ counts }: { counts: ImportCounts }) {
  const { t } = useTranslation();
  const told = useTold();
  return (
    <>
      <Figures
        figures={[
          [t("data.read"), counts.read],
          [t("data.stored"), counts.stored],
          [t("data.known"), counts.known],
          [t("data.held"), counts.quarantined],
          [t("import.waiting"), counts.waiting],
          [t("import.conflicting"), counts.conflicting],
          [t("import.erased"), counts.erased],
        ]}
      />
      <Reasons reasons={counts.reasons} />
      {counts.notes_told.map((note) => (
        <Alert key={note.code} severity="info">
          {told([note])}
        </Alert>
      ))}
    </>
  );
}

function Repaired({ counts }: { counts: RepairCounts }) {
  const { t } = useTranslation();
  return (
    <>
      <Figures
        figures={[
          [t("repair.tried"), counts.tried],
          [t("data.stored"), counts.stored],
          [t("data.known"), counts.known],
          [t("import.waiting"), counts.waiting],
          [t("data.held"), counts.held],
          [t("repair.left"), counts.left],
        ]}
      />
      <Reasons reasons={counts.reasons} />
    </>
  );
}

/** Counts beside each other; those beyond the first that are nothing are left out. */
function Figures({ figures }: { figures: [string, number][] }) {
  const format = useFormat();
  return (
    <Box component="dl" sx={{ display: "flex", flexWrap: "wrap", gap: 3, m: 0 }}>
      {figures
        .filter(([, count], place) => place < 2 || count > 0)
        .map(([name, count]) => (
          <div key={name}>
            <Typography component="dt" variant="body2" color="text.secondary">
              {name}
            </Typography>
            <Typography component="dd" sx={{ m: 0, fontSize: "1.3rem", fontWeight: 650 }}>
              {format.number(count)}
            </Typography>
          </div>
        ))}
    </Box>
  );
}

export function Reasons({ reasons }: { reasons: ImportCounts["reasons"] }) {
  const { t } = useTranslation();
  const said = useSaid();
  const format = useFormat();
  if (reasons.length === 0) return null;
  return (
    <DataTable
      label={t("import.reasons")}
      rows={reasons}
      rowKey={({ reason }) => reason}
      columns={[
        { title: t("models.reason"), cell: ({ reason }) => said(reason) },
        { title: t("data.rows"), isNumber: true, cell: ({ rows }) => format.number(rows) },
      ]}
    />
  );
}
