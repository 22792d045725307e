import Alert from "@mui/material/Alert";
import Box from "@mui/material/Box";
import Typography from "@mui/material/Typography";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api } from "../../api/client";
import { unwrap } from "../../api/problem";
import { useFormat } from "../../i18n";
import { Answered } from "../../parts/Answered";
import { DataTable } from "../../parts/DataTable";

/** Whom it would reach if it began now, why some cannot be reached, and what it would say to some. */
export function Preview({ campaignId }: { campaignId: string }) {
  const { t } = useTranslation();
  const format = useFormat();
  const preview = useQuery({
    queryKey: ["campaign preview", campaignId],
    queryFn: () =>
      unwrap(api.POST("/campaigns/{campaign_id}/preview", { params: { path: { campaign_id: campaignId } } })),
  });
  return (
    <Answered query={preview}>
      {(data) => (
        <Box sx={{ display: "grid", gap: 2.5, gridTemplateColumns: { xs: "minmax(0, 1fr)", md: "1fr 1fr" } }}>
          <div>
            <Typography sx={{ mb: 1 }}>
              {t("campaigns.wouldReach", {
                selected: format.number(data.selected),
                sent: format.number(data.to_send),
              })}
            </Typography>
            {data.is_by_chance && (
              <Alert severity="info" sx={{ mb: 1 }}>
                {t("policies.byChance")}
              </Alert>
            )}
            {data.policy_id !== null && data.policy_id !== undefined && (
              <Typography sx={{ mb: 1 }}>{t("policies.chosenBy", { policy: data.policy_id })}</Typography>
            )}
            <DataTable
              label={t("campaigns.preview")}
              rows={data.shares}
              rowKey={(share) => `${share.state} ${share.reason} ${share.arm}`}
              columns={[
                { title: t("data.state"), cell: (share) => t(`recipientState.${share.state}`) },
                {
                  title: t("campaigns.arm"),
                  cell: (share) => (share.arm === null ? "" : t(`arm.${share.arm}`, share.arm)),
                },
                {
                  title: t("models.reason"),
                  cell: (share) => (share.reason === null ? "" : t(`refusal.${share.reason}`, share.reason)),
                },
                { title: t("segments.users"), isNumber: true, cell: (share) => format.number(share.users) },
              ]}
            />
          </div>
          <DataTable
            label={t("campaigns.samples")}
            rows={data.samples}
            rowKey={(sample) => sample.user_id}
            columns={[
              { title: t("user.id"), cell: (sample) => sample.user_id },
              { title: t("campaigns.message"), cell: (sample) => sample.text },
            ]}
          />
        </Box>
      )}
    </Answered>
  );
}
