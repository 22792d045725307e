/** Whom a trigger has reached, by what became of them. */
import Box from "@mui/material/Box";
import Chip from "@mui/material/Chip";
import Link from "@mui/material/Link";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link as RouterLink } from "react-router";
import { api } from "../../api/client";
import type { CampaignNumbers, RecipientState } from "../../api/names";
import { unwrap } from "../../api/problem";
import { useFormat } from "../../i18n";
import { Answered } from "../../parts/Answered";
import { DataTable } from "../../parts/DataTable";
import { Section } from "../../parts/Section";

export function Reached({ triggerId, numbers }: { triggerId: string; numbers: CampaignNumbers }) {
  const { t } = useTranslation();
  const format = useFormat();
  const people = useQuery({
    queryKey: ["trigger", triggerId, "recipients"],
    queryFn: () =>
      unwrap(
        api.GET("/triggers/{trigger_id}/recipients", {
          params: { path: { trigger_id: triggerId }, query: { limit: 50 } },
        }),
      ),
  });
  const counted = Object.entries(numbers).filter(([state, users]) => state !== "selected" && users > 0);
  return (
    <Section title={t("campaigns.numbers")}>
      <Box sx={{ display: "flex", flexWrap: "wrap", gap: 1, mb: 1 }}>
        <Chip label={t("campaigns.selected", { users: format.number(numbers.selected) })} />
        {counted.map(([state, users]) => (
          <Chip key={state} variant="outlined" label={`${t(`recipientState.${state}`)}: ${format.number(users)}`} />
        ))}
      </Box>
      <Answered query={people} isEmpty={(data) => data.recipients.length === 0} empty={t("triggers.nobodyYet")}>
        {(data) => (
          <DataTable
            label={t("campaigns.numbers")}
            rows={data.recipients}
            rowKey={({ message_id }) => message_id}
            columns={[
              {
                title: t("user.id"),
                cell: ({ user_id }) => (
                  <Link component={RouterLink} to={`/users/${encodeURIComponent(user_id)}`}>
                    {user_id}
                  </Link>
                ),
              },
              { title: t("data.state"), cell: (each) => t(`recipientState.${each.state as RecipientState}`) },
              { title: t("models.reason"), cell: ({ reason }) => reason ?? "" },
              { title: t("campaigns.sentAt"), cell: (each) => format.moment(each.sent_at) },
            ]}
          />
        )}
      </Answered>
    </Section>
  );
}
