/** What campaigns with a control group have brought about, as last measured: the newest first. */
import Alert from "@mui/material/Alert";
import Link from "@mui/material/Link";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link as RouterLink } from "react-router";
import { api } from "../../api/client";
import { unwrap } from "../../api/problem";
import { useFormat } from "../../i18n";
import { Answered } from "../../parts/Answered";
import { DataTable } from "../../parts/DataTable";
import { effectInWords } from "./effectWords";

export function Learned() {
  const { t } = useTranslation();
  const format = useFormat();
  const scorecard = useQuery({
    queryKey: ["campaign scorecard"],
    queryFn: () => unwrap(api.GET("/analytics/campaigns")),
  });
  return (
    <Answered query={scorecard} isEmpty={(data) => data.effects.length === 0} empty={t("campaigns.noScorecard")}>
      {(data) => (
        <>
          {data.effects.some((effect) => effect.is_mismatched) && (
            <Alert severity="error">{t("campaigns.mismatched")}</Alert>
          )}
          <DataTable
            label={t("campaigns.learned")}
            rows={data.effects}
            rowKey={(effect) => `${effect.campaign_id} ${effect.variant} ${effect.outcome}`}
            columns={[
              {
                title: t("settings.name"),
                cell: (effect) => (
                  <Link component={RouterLink} to={`/campaigns/${effect.campaign_id}`}>
                    {effect.name}
                  </Link>
                ),
              },
              { title: t("campaigns.arm"), cell: (effect) => effect.variant },
              { title: t("outcome.outcome"), cell: (effect) => t(`outcome.${effect.outcome}`) },
              {
                title: t("campaigns.effect"),
                cell: (effect) =>
                  effect.is_mismatched ? t("campaigns.notBelieved") : effectInWords(effect, t, format),
              },
              { title: t("campaigns.treated"), isNumber: true, cell: (effect) => format.number(effect.treated_users) },
              { title: t("campaigns.control"), isNumber: true, cell: (effect) => format.number(effect.control_users) },
              {
                title: t("campaigns.measured"),
                cell: (effect) => t(effect.is_complete ? "campaigns.final" : "campaigns.ongoing"),
              },
            ]}
          />
        </>
      )}
    </Answered>
  );
}
