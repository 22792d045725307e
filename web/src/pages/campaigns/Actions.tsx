import Button from "@mui/material/Button";
import Stack from "@mui/material/Stack";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api } from "../../api/client";
import type { Campaign } from "../../api/names";
import { unwrap } from "../../api/problem";
import { Failure } from "../../parts/Answered";
import { useSession } from "../../session/Session";

const PATHS = {
  approve: "/campaigns/{campaign_id}/approve",
  start: "/campaigns/{campaign_id}/start",
  pause: "/campaigns/{campaign_id}/pause",
  resume: "/campaigns/{campaign_id}/resume",
  cancel: "/campaigns/{campaign_id}/cancel",
} as const;

type Action = keyof typeof PATHS;

/** What may be done in which state, and with which permission. */
const POSSIBLE: Record<Action, { states: readonly Campaign["state"][]; permission: string }> = {
  approve: { states: ["draft"], permission: "campaigns:approve" },
  start: { states: ["approved", "overdue"], permission: "campaigns:send" },
  pause: { states: ["scheduled", "running"], permission: "campaigns:send" },
  resume: { states: ["paused"], permission: "campaigns:send" },
  cancel: { states: ["draft", "approved", "scheduled", "running", "paused", "overdue"], permission: "campaigns:send" },
};

export function Actions({ campaignId, state }: { campaignId: string; state: Campaign["state"] }) {
  const { t } = useTranslation();
  const { may } = useSession();
  const queries = useQueryClient();
  const act = useMutation({
    mutationFn: (action: Action) => unwrap(api.POST(PATHS[action], { params: { path: { campaign_id: campaignId } } })),
    onSuccess: () =>
      Promise.all([
        queries.invalidateQueries({ queryKey: ["campaign", campaignId] }),
        queries.invalidateQueries({ queryKey: ["campaigns"] }),
      ]),
  });
  const possible = (Object.keys(PATHS) as Action[]).filter(
    (action) => POSSIBLE[action].states.includes(state) && may(POSSIBLE[action].permission),
  );
  return (
    <Stack spacing={1}>
      <Stack direction="row" spacing={1} useFlexGap sx={{ flexWrap: "wrap" }}>
        {possible.map((action) => (
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
      {act.isError && <Failure error={act.error} />}
    </Stack>
  );
}
