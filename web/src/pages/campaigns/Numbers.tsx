/** The states of a campaign's recipients, and the people behind each number. */
import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import Link from "@mui/material/Link";
import ToggleButton from "@mui/material/ToggleButton";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link as RouterLink } from "react-router";
import { api } from "../../api/client";
import type { CampaignNumbers, RecipientState } from "../../api/names";
import { unwrap } from "../../api/problem";
import { useFormat } from "../../i18n";
import { Answered } from "../../parts/Answered";
import { DataTable } from "../../parts/DataTable";

const STATES: readonly RecipientState[] = [
  "control",
  "left_alone",
  "opted_out",
  "unreachable",
  "capped",
  "queued",
  "sending",
  "sent",
  "failed",
  "unknown",
  "cancelled",
];

export function Numbers({ campaignId, numbers }: { campaignId: string; numbers: CampaignNumbers }) {
  const { t } = useTranslation();
  const format = useFormat();
  const [chosen, setChosen] = useState<RecipientState | null>(null);
  return (
    <>
      <Box sx={{ display: "flex", flexWrap: "wrap", gap: 1, alignItems: "center" }}>
        <Box sx={{ fontWeight: 650 }}>{t("campaigns.selected", { users: format.number(numbers.selected) })}</Box>
        {STATES.filter((state) => numbers[state] > 0).map((state) => (
          <ToggleButton
            key={state}
            size="small"
            value={state}
            selected={chosen === state}
            onChange={() => setChosen(chosen === state ? null : state)}
          >
            {t(`recipientState.${state}`)}: {format.number(numbers[state])}
          </ToggleButton>
        ))}
      </Box>
      {chosen && <People campaignId={campaignId} state={chosen} />}
    </>
  );
}

function People({ campaignId, state }: { campaignId: string; state: RecipientState }) {
  const { t } = useTranslation();
  const format = useFormat();
  const people = useInfiniteQuery({
    queryKey: ["recipients", campaignId, state],
    initialPageParam: null as string | null,
    queryFn: ({ pageParam }) =>
      unwrap(
        api.GET("/campaigns/{campaign_id}/recipients", {
          params: {
            path: { campaign_id: campaignId },
            query: { state, limit: 50, ...(pageParam ? { cursor: pageParam } : {}) },
          },
        }),
      ),
    getNextPageParam: (page) => page.next_cursor,
  });
  return (
    <Box sx={{ mt: 2 }}>
      <Answered query={people}>
        {(data) => (
          <DataTable
            label={t(`recipientState.${state}`)}
            rows={data.pages.flatMap((page) => page.recipients)}
            rowKey={(recipient) => recipient.message_id}
            columns={[
              {
                title: t("user.id"),
                cell: (recipient) => (
                  <Link component={RouterLink} to={`/users/${encodeURIComponent(recipient.user_id)}`}>
                    {recipient.user_id}
                  </Link>
                ),
              },
              {
                title: t("campaigns.arm"),
                cell: (recipient) => (recipient.arm === null ? "" : t(`arm.${recipient.arm}`, recipient.arm)),
              },
              {
                title: t("models.reason"),
                cell: (recipient) =>
                  recipient.reason === null ? "" : t(`refusal.${recipient.reason}`, recipient.reason),
              },
              { title: t("campaigns.sentAt"), cell: (recipient) => format.moment(recipient.sent_at) },
            ]}
          />
        )}
      </Answered>
      {people.hasNextPage && (
        <Button size="small" onClick={() => void people.fetchNextPage()}>
          {t("state.more")}
        </Button>
      )}
    </Box>
  );
}
