import Button from "@mui/material/Button";
import Link from "@mui/material/Link";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link as RouterLink } from "react-router";
import { api } from "../../api/client";
import { unwrap } from "../../api/problem";
import { useFormat } from "../../i18n";
import { Answered, Failure } from "../../parts/Answered";
import { DataTable } from "../../parts/DataTable";
import { isOver } from "./JobView";

/** Files that were uploaded, and what was done with each. */
export function Uploads() {
  const { t } = useTranslation();
  const format = useFormat();
  const queries = useQueryClient();
  const uploads = useQuery({
    queryKey: ["uploads"],
    queryFn: () => unwrap(api.GET("/imports")),
    // The page brings them.
    staleTime: Number.POSITIVE_INFINITY,
    refetchInterval: ({ state }) =>
      state.data?.uploads.some(({ jobs }) => jobs.some((job) => !isOver(job))) ? 2000 : false,
  });
  const remove = useMutation({
    mutationFn: (upload_id: string) => unwrap(api.DELETE("/imports/{upload_id}", { params: { path: { upload_id } } })),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["uploads"] }),
  });
  return (
    <Answered query={uploads} height={120} isEmpty={(data) => data.uploads.length === 0} empty={t("import.noUploads")}>
      {(data) => (
        <>
          <DataTable
            label={t("import.uploads")}
            rows={data.uploads}
            rowKey={(each) => each.upload_id}
            columns={[
              {
                title: t("data.file"),
                cell: (each) => (
                  <Link component={RouterLink} to={`/data/import/${each.upload_id}`}>
                    {each.file_name}
                  </Link>
                ),
              },
              { title: t("import.megabytes"), isNumber: true, cell: (each) => format.number(each.bytes / 1e6, 1) },
              { title: t("models.who"), cell: (each) => each.uploaded_by },
              { title: t("user.when"), cell: (each) => format.moment(each.uploaded_at) },
              {
                title: t("data.state"),
                cell: ({ jobs: [job] }) => (job ? t(`dataJob.${job.kind}.${job.state}`) : t("import.nothingDone")),
              },
              {
                title: t("settings.action"),
                cell: (each) =>
                  each.is_kept &&
                  each.jobs.every(isOver) && (
                    <Button size="small" color="error" onClick={() => remove.mutate(each.upload_id)}>
                      {t("import.delete")}
                    </Button>
                  ),
              },
            ]}
          />
          {remove.isError && <Failure error={remove.error} />}
        </>
      )}
    </Answered>
  );
}
