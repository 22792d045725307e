/** Variants that were stopped because they do harm. */
import Link from "@mui/material/Link";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link as RouterLink } from "react-router";
import { api } from "../../api/client";
import { unwrap } from "../../api/problem";
import { useFormat } from "../../i18n";
import { Answered } from "../../parts/Answered";
import { DataTable } from "../../parts/DataTable";

export function Stopped() {
  const { t } = useTranslation();
  const format = useFormat();
  const stopped = useQuery({
    queryKey: ["stopped variants"],
    queryFn: () => unwrap(api.GET("/experiments/stopped-variants")),
  });
  return (
    <Answered query={stopped} isEmpty={(data) => data.stopped.length === 0} empty={t("experiments.noneStopped")}>
      {(data) => (
        <DataTable
          label={t("experiments.stopped")}
          rows={data.stopped}
          rowKey={(variant) => `${variant.campaign_id} ${variant.variant} ${variant.outcome}`}
          columns={[
            {
              title: t("settings.name"),
              cell: (variant) => (
                <Link component={RouterLink} to={`/campaigns/${variant.campaign_id}`}>
                  {variant.name}
                </Link>
              ),
            },
            { title: t("campaigns.arm"), cell: (variant) => variant.variant },
            { title: t("experiments.reason"), cell: (variant) => t(`experiments.harm.${variant.outcome}`) },
            { title: t("experiments.stoppedAt"), cell: (variant) => format.moment(variant.stopped_at) },
            { title: t("experiments.notSent"), isNumber: true, cell: (variant) => format.number(variant.messages) },
          ]}
        />
      )}
    </Answered>
  );
}
