/** What would be offered to the user now, why, and whether a learned recommender or counts say so. */
import Card from "@mui/material/Card";
import CardContent from "@mui/material/CardContent";
import Typography from "@mui/material/Typography";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api } from "../../api/client";
import { unwrap } from "../../api/problem";
import { useFormat } from "../../i18n";
import { useSaid } from "../../i18n/sentences";
import { Answered, Empty } from "../../parts/Answered";
import { DataTable } from "../../parts/DataTable";

const MOST = 10;

export function Recommendations({ userId }: { userId: string }) {
  const { t } = useTranslation();
  const said = useSaid();
  const format = useFormat();
  const offered = useQuery({
    queryKey: ["recommendations", userId],
    queryFn: () =>
      unwrap(
        api.GET("/users/{user_id}/recommendations", {
          params: { path: { user_id: userId }, query: { limit: MOST } },
        }),
      ),
  });
  return (
    <Card sx={{ minWidth: 0 }}>
      <CardContent>
        <Typography variant="h2">{t("recommend.title")}</Typography>
        <Answered query={offered}>
          {({ recommender, recommendations }) => (
            <>
              <Typography variant="body2" color="text.secondary">
                {recommender.is_learned
                  ? t("recommend.learned", { version: recommender.model_version })
                  : t("recommend.counted")}
                {recommender.verdict !== null &&
                  ` ${t("recommend.verdict", { verdict: said(recommender.verdict.replace(/\.$/, "")) })}`}
              </Typography>
              {recommendations.length === 0 ? (
                <Empty>{t("recommend.none")}</Empty>
              ) : (
                <DataTable
                  label={t("recommend.title")}
                  rows={recommendations}
                  rowKey={(each) => each.item_id}
                  columns={[
                    { title: t("recommend.item"), cell: (each) => each.item_id },
                    {
                      title: t("recommend.why"),
                      cell: (each) => {
                        if (each.is_repeat) return t("recommend.repeat");
                        return each.because_of === null
                          ? t("recommend.popular")
                          : t("recommend.together", { item: each.because_of });
                      },
                    },
                    { title: t("recommend.buyers"), isNumber: true, cell: (each) => format.number(each.buyers) },
                  ]}
                />
              )}
            </>
          )}
        </Answered>
      </CardContent>
    </Card>
  );
}
