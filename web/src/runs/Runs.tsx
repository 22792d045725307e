/** The newest runs of the pipeline, as Dagster knows them: seen, started, cancelled. */
import Button from "@mui/material/Button";
import Chip from "@mui/material/Chip";
import Link from "@mui/material/Link";
import Stack from "@mui/material/Stack";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api } from "../api/client";
import type { Run } from "../api/names";
import { unwrap } from "../api/problem";
import { useFormat } from "../i18n";
import { Answered, Failure } from "../parts/Answered";
import { DataTable } from "../parts/DataTable";
import { Section } from "../parts/Section";
import { useSession } from "../session/Session";
import { JOBS, StartRun } from "./StartRun";

const COLOURS = {
  queued: "default",
  running: "info",
  done: "success",
  failed: "error",
  canceled: "warning",
} as const;
const LOOK_AGAIN = 3_000;

export function Runs() {
  const { t } = useTranslation();
  const format = useFormat();
  const { may } = useSession();
  const queries = useQueryClient();
  const runs = useQuery({
    queryKey: ["runs"],
    queryFn: () => unwrap(api.GET("/runs", { params: { query: { limit: 20 } } })),
    // A Dagster that is away is said at once, and asked again soon.
    retry: false,
    // A run that somebody else starts is seen too, only later.
    refetchInterval: ({ state }) => (state.data?.runs.some(isOpen) ? LOOK_AGAIN : 10 * LOOK_AGAIN),
  });
  const cancel = useMutation({
    mutationFn: (run_id: string) => unwrap(api.POST("/runs/{run_id}/cancel", { params: { path: { run_id } } })),
    onSettled: () => queries.invalidateQueries({ queryKey: ["runs"] }),
  });
  return (
    <Section title={t("runs.title")} note={t("runs.note")} actions={<StartRun jobs={JOBS} />}>
      <span id="runs" />
      {cancel.isError && <Failure error={cancel.error} />}
      <Answered query={runs} height={200} isEmpty={(data) => data.runs.length === 0} empty={t("runs.none")}>
        {(data) => (
          <DataTable
            label={t("runs.title")}
            rows={data.runs}
            rowKey={(run) => run.run_id}
            columns={[
              { title: t("runs.job"), cell: (run) => t(`job.${run.job}`, run.job) },
              { title: t("runs.days"), cell: (run) => days(run, format.day) },
              {
                title: t("data.state"),
                cell: (run) => (
                  <Chip size="small" variant="outlined" color={COLOURS[run.state]} label={t(`runState.${run.state}`)} />
                ),
              },
              { title: t("runs.started"), cell: (run) => format.moment(run.started_at ?? run.asked_at) },
              { title: t("runs.duration"), isNumber: true, cell: (run) => duration(run.duration_seconds) },
              {
                title: "",
                cell: (run) => (
                  <Stack direction="row" spacing={1} sx={{ justifyContent: "flex-end", alignItems: "center" }}>
                    {isOpen(run) && run.can_cancel && may("runs:manage") && (
                      <Button
                        size="small"
                        color="error"
                        disabled={cancel.isPending}
                        onClick={() => cancel.mutate(run.run_id)}
                      >
                        {t("runs.cancel")}
                      </Button>
                    )}
                    {run.dagster_url && (
                      <Link href={run.dagster_url} target="_blank" rel="noreferrer" variant="body2">
                        Dagster
                      </Link>
                    )}
                  </Stack>
                ),
              },
            ]}
          />
        )}
      </Answered>
    </Section>
  );
}

function isOpen(run: Run): boolean {
  return run.state === "queued" || run.state === "running";
}

function days(run: Run, day: (value: string | null) => string): string {
  return run.first_day === run.last_day ? day(run.first_day) : `${day(run.first_day)} – ${day(run.last_day)}`;
}

/** As in 1:04:09; minutes and seconds are the same in every language. */
function duration(seconds: number | null): string {
  if (seconds === null) return "–";
  const whole = Math.round(seconds);
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const shown = parts[0] === 0 ? parts.slice(1) : parts;
  return shown.map((part, place) => (place === 0 ? String(part) : String(part).padStart(2, "0"))).join(":");
}
