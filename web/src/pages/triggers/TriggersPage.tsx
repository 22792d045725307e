/** All triggers, the newest first, and the way to a new one. */
import Button from "@mui/material/Button";
import Link from "@mui/material/Link";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link as RouterLink } from "react-router";
import { api } from "../../api/client";
import { unwrap } from "../../api/problem";
import { useFormat } from "../../i18n";
import { Answered } from "../../parts/Answered";
import { DataTable } from "../../parts/DataTable";
import { Page } from "../../parts/Page";
import { Section } from "../../parts/Section";
import { useSession } from "../../session/Session";
import { StateChip } from "../campaigns/StateChip";

export function TriggersPage() {
  const { t } = useTranslation();
  const format = useFormat();
  const { may } = useSession();
  const triggers = useInfiniteQuery({
    queryKey: ["triggers"],
    initialPageParam: null as string | null,
    queryFn: ({ pageParam }) =>
      unwrap(api.GET("/triggers", { params: { query: { limit: 50, ...(pageParam ? { cursor: pageParam } : {}) } } })),
    getNextPageParam: (page) => page.next_cursor,
  });
  return (
    <Page
      title={t("triggers.title")}
      note={t("triggers.note")}
      actions={
        may("campaigns:manage") && (
          <Button component={RouterLink} to="/campaigns/triggers/new" variant="contained">
            {t("triggers.make")}
          </Button>
        )
      }
    >
      <Section title={t("triggers.title")}>
        <Answered query={triggers} isEmpty={(data) => data.pages[0]?.triggers.length === 0} empty={t("triggers.none")}>
          {(data) => (
            <DataTable
              label={t("triggers.title")}
              rows={data.pages.flatMap((page) => page.triggers)}
              rowKey={({ trigger_id }) => trigger_id}
              columns={[
                {
                  title: t("settings.name"),
                  cell: (each) => (
                    <Link component={RouterLink} to={`/campaigns/triggers/${each.trigger_id}`}>
                      {each.name}
                    </Link>
                  ),
                },
                { title: t("data.state"), cell: ({ state }) => <StateChip state={state} /> },
                { title: t("triggers.rule"), cell: ({ rule }) => t(`triggerKind.${rule.kind}`) },
                { title: t("campaigns.topic"), cell: ({ topic }) => t(`topic.${topic}`) },
                { title: t("triggers.cooldown"), isNumber: true, cell: (each) => each.cooldown_days },
                { title: t("campaigns.started"), cell: (each) => format.moment(each.started_at) },
                { title: t("campaigns.madeBy"), cell: (each) => each.made_by },
              ]}
            />
          )}
        </Answered>
        {triggers.hasNextPage && (
          <Button size="small" onClick={() => void triggers.fetchNextPage()}>
            {t("state.more")}
          </Button>
        )}
      </Section>
    </Page>
  );
}
