/** The states of what a page asks for: loading, refused, failed, empty, there. */
import Alert from "@mui/material/Alert";
import AlertTitle from "@mui/material/AlertTitle";
import Button from "@mui/material/Button";
import Chip from "@mui/material/Chip";
import Skeleton from "@mui/material/Skeleton";
import Typography from "@mui/material/Typography";
import type { UseQueryResult } from "@tanstack/react-query";
import type { TFunction } from "i18next";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { ApiProblem } from "../api/problem";
import { useFormat } from "../i18n";
import { useSaid } from "../i18n/sentences";
import { useIsOnline } from "../offline/Banners";

/** How the API begins where fields are wrong; what is wrong with each stands beside it. */
const OF_FIELDS = "The request is not valid";

interface Props<Data> {
  query: UseQueryResult<Data>;
  /** How high the answer will be about, in pixels, so that the page does not jump. */
  height?: number;
  isEmpty?: (data: Data) => boolean;
  empty?: ReactNode;
  children: (data: Data) => ReactNode;
}

export function Answered<Data>({ query, height = 240, isEmpty, empty, children }: Props<Data>) {
  const { t } = useTranslation();
  const format = useFormat();
  const isOnline = useIsOnline();
  const asOf = (at: number) => t("offline.asOf", { time: format.moment(new Date(at).toISOString()) });
  if (query.data !== undefined) {
    if (isEmpty?.(query.data)) return <Empty>{empty ?? t("state.empty")}</Empty>;
    return (
      <>
        {query.isError && <Failure error={query.error} retry={() => void query.refetch()} />}
        {(!isOnline || query.isError) && (
          <Chip size="small" color="warning" variant="outlined" label={asOf(query.dataUpdatedAt)} sx={{ mb: 1 }} />
        )}
        {children(query.data)}
      </>
    );
  }
  if (query.isError) return <Failure error={query.error} retry={() => void query.refetch()} />;
  if (query.fetchStatus === "paused") return <Empty>{t("offline.notKept")}</Empty>;
  return <Skeleton variant="rounded" height={height} aria-label={t("state.loading")} />;
}

export function Empty({ children }: { children: ReactNode }) {
  return (
    <Typography color="textSecondary" sx={{ py: 4, textAlign: "center" }}>
      {children}
    </Typography>
  );
}

export function Failure({ error, retry }: { error: Error; retry?: () => void }) {
  const { t } = useTranslation();
  const said = useSaid();
  const isRefused = error instanceof ApiProblem && error.status === 403;
  const isUnproven = error instanceof ApiProblem && error.problem?.errors?.some(({ field }) => field === "proof");
  if (isUnproven) return <Alert severity="info">{t("proof.needed")}</Alert>;
  const title = isRefused ? t("state.notAllowed") : retry ? t("state.failed") : t("state.notDone");
  const problem = error instanceof ApiProblem ? error.problem : null;
  const wrong = problem?.detail.startsWith(OF_FIELDS) ? (problem.errors ?? []) : [];
  return (
    <Alert
      severity={isRefused ? "info" : "error"}
      action={retry && !isRefused && <Button onClick={retry}>{t("state.retry")}</Button>}
    >
      <AlertTitle>{title}</AlertTitle>
      {error instanceof ApiProblem ? refusalIn(error, t, said) : t("state.unreachable")}
      {wrong.map(({ field, message }) => (
        <div key={field}>
          {field}: {said(message)}
        </div>
      ))}
      {problem !== null && !isRefused && (
        <Typography variant="caption" component="div">
          {t("state.request", { id: problem.request_id })}
        </Typography>
      )}
    </Alert>
  );
}

/** Why the API refused, in the reader's language. */
export function refusalIn(error: ApiProblem, t: TFunction, said: (text: string) => string): string {
  return error.problem === null ? t("state.status", { status: error.status }) : said(error.problem.detail);
}
