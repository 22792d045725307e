/** One trigger: what may be done with it now, whom it would have reached, and whom it has. */
import Button from "@mui/material/Button";
import Link from "@mui/material/Link";
import Stack from "@mui/material/Stack";
import Typography from "@mui/material/Typography";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link as RouterLink, useParams } from "react-router";
import { api } from "../../api/client";
import type { Trigger } from "../../api/names";
import { unwrap } from "../../api/problem";
import { useFormat } from "../../i18n";
import { Answered, Failure } from "../../parts/Answered";
import { DataTable } from "../../parts/DataTable";
import { Page } from "../../parts/Page";
import { Section } from "../../parts/Section";
import { useSession } from "../../session/Session";
import { StateChip } from "../campaigns/StateChip";
import { amountOf, draftOf, toTrigger } from "./draft";
import { Reached } from "./Reached";
import { TriggerForm } from "./TriggerForm";

const PATHS = {
  approve: "/triggers/{trigger_id}/approve",
  start: "/triggers/{trigger_id}/start",
  pause: "/triggers/{trigger_id}/pause",
  resume: "/triggers/{trigger_id}/resume",
  cancel: "/triggers/{trigger_id}/cancel",
} as const;
type Action = keyof typeof PATHS;
const POSSIBLE: Record<Action, { states: readonly Trigger["state"][]; permission: string }> = {
  approve: { states: ["draft"], permission: "campaigns:approve" },
  start: { states: ["approved", "overdue"], permission: "campaigns:send" },
  pause: { states: ["running"], permission: "campaigns:send" },
  resume: { states: ["paused"], permission: "campaigns:send" },
  cancel: { states: ["draft", "approved", "scheduled", "running", "paused", "overdue"], permission: "campaigns:send" },
};

export function TriggerPage() {
  const { t } = useTranslation();
  const format = useFormat();
  const { may } = useSession();
  const triggerId = useParams().triggerId ?? "";
  const path = { params: { path: { trigger_id: triggerId } } };
  const queries = useQueryClient();
  const again = {
    onSuccess: () =>
      Promise.all([
        queries.invalidateQueries({ queryKey: ["trigger", triggerId] }),
        queries.invalidateQueries({ queryKey: ["triggers"] }),
      ]),
  };
  const trigger = useQuery({
    queryKey: ["trigger", triggerId],
    queryFn: () => unwrap(api.GET("/triggers/{trigger_id}", path)),
    refetchInterval: ({ state }) =>
      state.data?.state === "running" || state.data?.state === "scheduled" ? 5000 : false,
  });
  const act = useMutation({ mutationFn: (action: Action) => unwrap(api.POST(PATHS[action], path)), ...again });
  const change = useMutation({
    mutationFn: (draft: Parameters<typeof toTrigger>[0]) =>
      unwrap(api.PUT("/triggers/{trigger_id}", { ...path, body: toTrigger(draft) })),
    ...again,
  });
  return (
    <Answered query={trigger} height={600}>
      {(data) => (
        <Page
          title={data.name}
          note={
            <>
              <StateChip state={data.state} /> {t(`triggerKind.${data.rule.kind}`)}
              {amountOf(data.rule) && ` · ${t(`triggerAmount.${data.rule.kind}`)}: ${amountOf(data.rule)}`} ·{" "}
              {t("campaigns.madeByAt", { who: data.made_by, moment: format.moment(data.made_at) })} ·{" "}
              <Link component={RouterLink} to="/campaigns/triggers" underline="always">
                {t("triggers.title")}
              </Link>
            </>
          }
          actions={
            <Stack direction="row" spacing={1} useFlexGap sx={{ flexWrap: "wrap" }}>
              {(Object.keys(PATHS) as Action[])
                .filter((each) => POSSIBLE[each].states.includes(data.state) && may(POSSIBLE[each].permission))
                .map((action) => (
                  <Button
                    key={action}
                    variant={action === "cancel" ? "outlined" : "contained"}
                    color={action === "cancel" ? "error" : "primary"}
                    disabled={act.isPending}
                    onClick={() => act.mutate(action)}
                  >
                    {t(`campaigns.${action}`)}
                  </Button>
                ))}
            </Stack>
          }
        >
          {act.isError && <Failure error={act.error} />}
          {data.started_at !== null && <Reached triggerId={triggerId} numbers={data.numbers} />}
          <DryRun triggerId={triggerId} />
          <Section title={t("triggers.content")} note={t("triggers.contentNote")}>
            {["draft", "approved"].includes(data.state) && may("campaigns:manage") ? (
              <TriggerForm
                key={data.made_at}
                start={draftOf(data)}
                isBusy={change.isPending}
                error={change.error}
                store={(draft) => change.mutate(draft)}
              />
            ) : (
              Object.entries(data.variants[0]?.texts ?? {}).map(([language, text]) => (
                <Typography key={language} lang={language} sx={{ mb: 1, whiteSpace: "pre-wrap" }}>
                  {text}
                </Typography>
              ))
            )}
          </Section>
        </Page>
      )}
    </Answered>
  );
}

function DryRun({ triggerId }: { triggerId: string }) {
  const { t } = useTranslation();
  const format = useFormat();
  const run = useMutation({
    mutationFn: () =>
      unwrap(api.POST("/triggers/{trigger_id}/dry-run", { params: { path: { trigger_id: triggerId } } })),
  });
  return (
    <Section
      title={t("triggers.dryRun")}
      note={t("triggers.dryRunNote")}
      actions={
        <Button size="small" variant="outlined" disabled={run.isPending} onClick={() => run.mutate()}>
          {t("triggers.look")}
        </Button>
      }
    >
      {run.isError && <Failure error={run.error} />}
      {run.data && (
        <>
          <Typography role="status">
            {t("triggers.wouldReach", {
              reached: format.number(run.data.reached),
              users: format.number(run.data.users),
              control: format.number(run.data.control),
              cooldown: format.number(run.data.held_by_cooldown),
              cap: format.number(run.data.held_by_cap),
            })}
          </Typography>
          {run.data.examples.length > 0 && (
            <DataTable
              label={t("triggers.dryRun")}
              rows={run.data.examples.slice(0, 10)}
              rowKey={(each) => `${each.user_id} ${each.at}`}
              columns={[
                {
                  title: t("user.id"),
                  cell: ({ user_id }) => (
                    <Link component={RouterLink} to={`/users/${encodeURIComponent(user_id)}`}>
                      {user_id}
                    </Link>
                  ),
                },
                { title: t("user.when"), cell: ({ at }) => format.moment(at) },
                { title: t("campaigns.arm"), cell: ({ arm }) => arm },
              ]}
            />
          )}
        </>
      )}
    </Section>
  );
}
