/** All campaigns, the newest first, and the way to a new one. */
import Button from "@mui/material/Button";
import Link from "@mui/material/Link";
import Stack from "@mui/material/Stack";
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
import { Learned } from "./Learned";
import { StateChip } from "./StateChip";
import { useWho } from "./who";

export function CampaignsPage() {
  const { t } = useTranslation();
  const format = useFormat();
  const { may } = useSession();
  const who = useWho();
  const campaigns = useInfiniteQuery({
    queryKey: ["campaigns"],
    initialPageParam: null as string | null,
    queryFn: ({ pageParam }) =>
      unwrap(api.GET("/campaigns", { params: { query: { limit: 50, ...(pageParam ? { cursor: pageParam } : {}) } } })),
    getNextPageParam: (page) => page.next_cursor,
  });
  return (
    <Page
      title={t("pages.campaigns")}
      actions={
        <Stack direction="row" spacing={1} useFlexGap sx={{ flexWrap: "wrap" }}>
          {may("templates:read") && (
            <Button component={RouterLink} to="/campaigns/templates">
              {t("templates.title")}
            </Button>
          )}
          {may("analytics:read") && (
            <Button component={RouterLink} to="/campaigns/experiments">
              {t("experiments.title")}
            </Button>
          )}
          <Button component={RouterLink} to="/campaigns/triggers">
            {t("triggers.title")}
          </Button>
          {may("campaigns:manage") && (
            <Button component={RouterLink} to="/campaigns/new" variant="contained">
              {t("campaigns.make")}
            </Button>
          )}
        </Stack>
      }
    >
      <Section title={t("pages.campaigns")}>
        <Answered
          query={campaigns}
          isEmpty={(data) => data.pages[0]?.campaigns.length === 0}
          empty={t("campaigns.none")}
        >
          {(data) => (
            <DataTable
              label={t("pages.campaigns")}
              rows={data.pages.flatMap((page) => page.campaigns)}
              rowKey={(campaign) => campaign.campaign_id}
              columns={[
                {
                  title: t("settings.name"),
                  cell: (campaign) => (
                    <Link component={RouterLink} to={`/campaigns/${campaign.campaign_id}`}>
                      {campaign.name}
                    </Link>
                  ),
                },
                { title: t("data.state"), cell: (campaign) => <StateChip state={campaign.state} /> },
                { title: t("campaigns.topic"), cell: (campaign) => t(`topic.${campaign.topic}`) },
                {
                  title: t("campaigns.control"),
                  isNumber: true,
                  cell: (campaign) => format.share(campaign.control_share),
                },
                { title: t("campaigns.started"), cell: (campaign) => format.moment(campaign.started_at) },
                { title: t("campaigns.madeBy"), cell: (campaign) => who(campaign.made_by) },
              ]}
            />
          )}
        </Answered>
        {campaigns.hasNextPage && (
          <Button size="small" onClick={() => void campaigns.fetchNextPage()}>
            {t("state.more")}
          </Button>
        )}
      </Section>
      {may("analytics:read") && (
        <Section title={t("campaigns.learned")} note={t("campaigns.learnedNote")}>
          <Learned />
        </Section>
      )}
    </Page>
  );
}
