/** Which segments a user has been in, from when to when, the newest first. */
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api } from "../../api/client";
import { unwrap } from "../../api/problem";
import { useFormat } from "../../i18n";
import { useNames } from "../../i18n/names";
import { Answered } from "../../parts/Answered";
import { DataTable } from "../../parts/DataTable";
import { stays } from "./stays";

const MOST = 200;

export function SegmentHistory({ userId }: { userId: string }) {
  const { t } = useTranslation();
  const format = useFormat();
  const names = useNames();
  const history = useQuery({
    queryKey: ["segment history", userId],
    queryFn: () =>
      unwrap(
        api.GET("/users/{user_id}/predictions", {
          params: { path: { user_id: userId }, query: { model: "segmentation", limit: MOST } },
        }),
      ),
  });
  return (
    <Answered query={history} isEmpty={(data) => stays(data.answers).length === 0}>
      {(data) => (
        <DataTable
          label={t("user.segmentHistory")}
          rows={stays(data.answers)}
          rowKey={(stay) => stay.from}
          columns={[
            { title: t("user.segment"), cell: (stay) => names.segment(stay.segment) },
            { title: t("user.firstScored"), cell: (stay) => format.day(stay.from) },
            { title: t("user.lastScored"), cell: (stay) => format.day(stay.until) },
            { title: t("user.scoredDays"), isNumber: true, cell: (stay) => format.number(stay.days) },
          ]}
        />
      )}
    </Answered>
  );
}
