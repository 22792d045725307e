/** Everybody else beside the global control group, since it began. */
import Typography from "@mui/material/Typography";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api } from "../../api/client";
import { unwrap } from "../../api/problem";
import type { components } from "../../api/schema";
import { useFormat } from "../../i18n";
import { Answered } from "../../parts/Answered";
import { DataTable } from "../../parts/DataTable";

type HoldoutEffect = components["schemas"]["HoldoutEffectAnswer"];

export function Holdout() {
  const { t } = useTranslation();
  const format = useFormat();
  const group = useQuery({
    queryKey: ["global control"],
    queryFn: () => unwrap(api.GET("/experiments/global-control")),
  });
  const holdout = useQuery({ queryKey: ["holdout"], queryFn: () => unwrap(api.GET("/experiments/holdout")) });
  const bounds = ({ low, high }: HoldoutEffect) =>
    low === null || high === null
      ? t("experiments.tooEarly")
      : t("experiments.bounds", { low: format.number(low, 4), high: format.number(high, 4) });
  return (
    <>
      <Typography sx={{ mb: 1 }}>
        {group.data &&
          (group.data.share === null
            ? t("experiments.noGroup")
            : t("experiments.group", {
                share: format.share(group.data.share, 1),
                moment: format.moment(group.data.begun_at),
                uses: format.number(group.data.used_by.length),
              }))}
      </Typography>
      <Answered query={holdout} isEmpty={(data) => data.effects.length === 0} empty={t("experiments.noHoldout")}>
        {(data) => (
          <>
            <Typography variant="body2" color="textSecondary">
              {t("experiments.since", { since: format.day(data.begun_on), until: format.day(data.until) })}
            </Typography>
            <DataTable
              label={t("experiments.holdout")}
              rows={data.effects}
              rowKey={(effect) => effect.outcome}
              columns={[
                { title: t("outcome.outcome"), cell: (effect) => t(`outcome.${effect.outcome}`, effect.outcome) },
                {
                  title: t("experiments.campaigned"),
                  isNumber: true,
                  cell: (effect) => format.number(effect.campaigned, 4),
                },
                {
                  title: t("experiments.heldOut"),
                  isNumber: true,
                  cell: (effect) => format.number(effect.held_out, 4),
                },
                {
                  title: t("experiments.difference"),
                  isNumber: true,
                  cell: (effect) => format.number(effect.difference, 4),
                },
                { title: t("experiments.sure"), cell: bounds },
              ]}
            />
          </>
        )}
      </Answered>
    </>
  );
}
