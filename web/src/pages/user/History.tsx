import Box from "@mui/material/Box";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api } from "../../api/client";
import { unwrap } from "../../api/problem";
import { useFormat } from "../../i18n";
import { useNames } from "../../i18n/names";
import { Answered } from "../../parts/Answered";
import { DataTable } from "../../parts/DataTable";

/** What was said of the user, and what came of it. */
export function History({ userId }: { userId: string }) {
  const { t } = useTranslation();
  const format = useFormat();
  const names = useNames();
  const history = useQuery({
    queryKey: ["user predictions", userId],
    queryFn: () =>
      unwrap(api.GET("/users/{user_id}/predictions", { params: { path: { user_id: userId }, query: { limit: 50 } } })),
  });
  const truth = (value: boolean | null) => (value === null ? t("user.notYet") : value ? t("state.yes") : t("state.no"));
  return (
    <Answered query={history} isEmpty={(data) => data.answers.length === 0}>
      {(data) => (
        <Box sx={{ maxHeight: 460, overflow: "auto" }}>
          <DataTable
            label={t("user.history")}
            rows={data.answers.map((answer, place) => ({ ...answer, place }))}
            rowKey={(answer) => answer.place}
            columns={[
              { title: t("user.when"), cell: (answer) => format.moment(answer.made_at) },
              { title: t("models.model"), cell: (answer) => t(`model.${answer.model}`, answer.model) },
              {
                title: t("user.said"),
                isNumber: true,
                cell: (answer) =>
                  answer.probability === null
                    ? names.segment(answer.segment ?? "–")
                    : format.share(answer.probability, 1),
              },
              {
                title: t("user.cameTrue"),
                cell: (answer) =>
                  answer.model === "purchase"
                    ? truth(answer.has_purchased)
                    : answer.model === "churn"
                      ? truth(answer.is_churned)
                      : "",
              },
            ]}
          />
        </Box>
      )}
    </Answered>
  );
}
