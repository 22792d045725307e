/** What a day begins with: figures beside those before, what needs attention, and who the users are. */
import Box from "@mui/material/Box";
import Chip from "@mui/material/Chip";
import Skeleton from "@mui/material/Skeleton";
import { type UseQueryResult, useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api } from "../../api/client";
import type { Dashboard } from "../../api/names";
import { unwrap } from "../../api/problem";
import { useCalendar } from "../../app/calendar";
import { useFormat } from "../../i18n";
import { Answered, Empty } from "../../parts/Answered";
import { Page } from "../../parts/Page";
import { Section } from "../../parts/Section";
import { Alerts } from "./Alerts";
import { Attention } from "./Attention";
import { KpiCards } from "./KpiCards";
import { RevenueChart } from "./RevenueChart";
import { Risks } from "./Risks";
import { SegmentTable } from "./SegmentTable";

export function OverviewPage() {
  const { t } = useTranslation();
  const format = useFormat();
  const calendar = useCalendar();
  const dashboard = useQuery({
    queryKey: ["dashboard", calendar],
    queryFn: () => unwrap(api.GET("/analytics/dashboard", { params: { query: calendar } })),
  });
  const note = dashboard.data?.as_of
    ? t("overview.asOf", { day: format.day(dashboard.data.as_of), zone: calendar.time_zone })
    : "";
  return (
    <Page title={t("pages.overview")} note={note}>
      <Alerts />
      {dashboard.data?.as_of === null ? <Empty>{t("overview.noRun")}</Empty> : <Figures dashboard={dashboard} />}
    </Page>
  );
}

/** What each part is called is there before its figures. */
function Figures({ dashboard }: { dashboard: UseQueryResult<Dashboard> }) {
  const { t } = useTranslation();
  const { data } = dashboard;
  return (
    <>
      <Answered query={dashboard} height={150}>
        {({ kpis }) => <KpiCards kpis={kpis} />}
      </Answered>
      {(data !== undefined || dashboard.fetchStatus === "fetching") && (
        <Box sx={{ display: "grid", gap: 2.5, gridTemplateColumns: { xs: "minmax(0, 1fr)", lg: "2fr 1fr" } }}>
          <Section title={t("overview.revenueByDay")} note={t("overview.usualNote")}>
            {data ? <RevenueChart data={data} /> : <Skeleton variant="rounded" height={320} />}
          </Section>
          <Section title={t("overview.attention")}>
            <Attention />
          </Section>
          <Section title={t("pages.segments")}>
            {data ? <SegmentTable segments={data.segments} /> : <Skeleton variant="rounded" height={200} />}
          </Section>
          <Section title={t("overview.risks")} note={t("overview.risksNote")}>
            {data ? <RisksAndModels data={data} /> : <Skeleton variant="rounded" height={200} />}
          </Section>
        </Box>
      )}
    </>
  );
}

function RisksAndModels({ data }: { data: Dashboard }) {
  const { t } = useTranslation();
  return (
    <>
      <Risks risks={data.risks} />
      <Box sx={{ mt: 2, display: "flex", flexWrap: "wrap", gap: 1 }}>
        {data.models.map((model) => (
          <Chip
            key={model.model}
            size="small"
            variant="outlined"
            color={model.is_up ? "success" : "error"}
            label={`${t(`model.${model.model}`, model.model)}: ${model.is_up ? t("overview.up") : t("overview.down")}`}
          />
        ))}
      </Box>
    </>
  );
}
