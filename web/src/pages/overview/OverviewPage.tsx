/** What a day begins with: figures beside those before, what needs attention, and who the users are. */
import Box from "@mui/material/Box";
import Chip from "@mui/material/Chip";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api } from "../../api/client";
import type { Dashboard } from "../../api/names";
import { unwrap } from "../../api/problem";
import { useCalendar } from "../../app/calendar";
import { useFormat } from "../../i18n";
import { Answered } from "../../parts/Answered";
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
      <Answered query={dashboard} height={600} isEmpty={(data) => data.as_of === null} empty={t("overview.noRun")}>
        {(data) => <Figures data={data} />}
      </Answered>
    </Page>
  );
}

function Figures({ data }: { data: Dashboard }) {
  const { t } = useTranslation();
  return (
    <>
      <KpiCards kpis={data.kpis} days={data.days} />
      <Box sx={{ display: "grid", gap: 2.5, gridTemplateColumns: { xs: "minmax(0, 1fr)", lg: "2fr 1fr" } }}>
        <Section title={t("overview.revenueByDay")}>
          <RevenueChart data={data} />
        </Section>
        <Section title={t("overview.attention")}>
          <Attention />
        </Section>
        <Section title={t("pages.segments")}>
          <SegmentTable segments={data.segments} />
        </Section>
        <Section title={t("overview.risks")} note={t("overview.risksNote")}>
          <Risks risks={data.risks} />
          <Box sx={{ mt: 2, display: "flex", flexWrap: "wrap", gap: 1 }}>
            {data.models.map((model) => (
              <Chip
                key={model.model}
                size="small"
                variant="outlined"
                color={model.is_up ? "success" : "error"}
                label={`${model.model}: ${model.is_up ? t("overview.up") : t("overview.down")}`}
              />
            ))}
          </Box>
        </Section>
      </Box>
    </>
  );
}
