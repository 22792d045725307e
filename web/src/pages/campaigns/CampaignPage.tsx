/** One campaign: what may be done with it now, whom it would reach, whom it reached, and what it brought about. */
import Alert from "@mui/material/Alert";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useParams } from "react-router";
import { api } from "../../api/client";
import { unwrap } from "../../api/problem";
import { useFormat } from "../../i18n";
import { Answered } from "../../parts/Answered";
import { Page } from "../../parts/Page";
import { Section } from "../../parts/Section";
import { Actions } from "./Actions";
import { Effect } from "./Effect";
import { Numbers } from "./Numbers";
import { Preview } from "./Preview";
import { Progress } from "./Progress";
import { StateChip } from "./StateChip";
import { useWho } from "./who";

const MOVING = ["scheduled", "running"];

export function CampaignPage() {
  const { t } = useTranslation();
  const format = useFormat();
  const who = useWho();
  const campaignId = useParams().campaignId ?? "";
  const campaign = useQuery({
    queryKey: ["campaign", campaignId],
    queryFn: () => unwrap(api.GET("/campaigns/{campaign_id}", { params: { path: { campaign_id: campaignId } } })),
    refetchInterval: ({ state }) => (MOVING.includes(state.data?.state ?? "") ? 2000 : false),
  });
  return (
    <Answered query={campaign} height={600}>
      {(data) => (
        <Page
          title={data.name}
          note={
            <>
              <StateChip state={data.state} /> {t(`topic.${data.topic}`)} ·{" "}
              {t("campaigns.controlShare", { percent: Math.round(100 * data.control_share) })} ·{" "}
              {t("campaigns.madeByAt", { who: who(data.made_by), moment: format.moment(data.made_at) })}
              {data.approved_by && ` · ${t("campaigns.approvedBy", { who: who(data.approved_by) })}`}
            </>
          }
          actions={<Actions campaignId={campaignId} state={data.state} />}
        >
          {data.started_at === null ? (
            <>
              {(data.state === "draft" || data.state === "approved") && (
                <Alert severity="info">{t(`campaigns.next.${data.state}`)}</Alert>
              )}
              <Section title={t("campaigns.preview")} note={t("campaigns.previewNote")}>
                <Preview campaignId={campaignId} />
              </Section>
            </>
          ) : (
            <>
              <Section title={t("campaigns.numbers")} note={t("campaigns.numbersNote")}>
                <Progress numbers={data.numbers} isRunning={MOVING.includes(data.state)} />
                <Numbers campaignId={campaignId} numbers={data.numbers} />
              </Section>
              <Section title={t("campaigns.effect")} note={t("campaigns.effectNote")}>
                <Effect campaignId={campaignId} />
              </Section>
            </>
          )}
        </Page>
      )}
    </Answered>
  );
}
