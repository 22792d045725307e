import { useMutation } from "@tanstack/react-query";
import { useEffect } from "react";
import { api } from "../../api/client";
import { unwrap } from "../../api/problem";
import { isOver, useJob } from "./JobView";
import type { Change, Selection } from "./repair";

/** Tries rows again, and follows the job until it is over; `onDone` is called then. */
export function useRepair(onDone: () => unknown) {
  const ask = useMutation({
    mutationFn: ({ selection, change }: { selection: Selection; change: Change }) =>
      unwrap(api.POST("/quarantine/repairs", { body: { ...selection, change } })),
  });
  const job = useJob(ask.data?.job_id);
  const isDone = job.data !== undefined && isOver(job.data);
  // biome-ignore lint/correctness/useExhaustiveDependencies: it is told once for each job, whoever is told
  useEffect(() => {
    if (isDone) void onDone();
  }, [isDone, job.data?.job_id]);
  return { ask, job: job.data, isBusy: ask.isPending || (ask.isSuccess && !isDone && !job.isError) };
}
