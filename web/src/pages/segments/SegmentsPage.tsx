/** Who the users are, how they move, whether they come back, and where they stop on the way to an order. */
import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import Tab from "@mui/material/Tab";
import Tabs from "@mui/material/Tabs";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link as RouterLink, useSearchParams } from "react-router";
import { api } from "../../api/client";
import { unwrap } from "../../api/problem";
import { useCalendar } from "../../app/calendar";
import { useFormat } from "../../i18n";
import { Answered } from "../../parts/Answered";
import { Page } from "../../parts/Page";
import { Section } from "../../parts/Section";
import { useSession } from "../../session/Session";
import { SegmentTable } from "../overview/SegmentTable";
import { Funnel } from "./Funnel";
import { Moves } from "./Moves";
import { Profiles } from "./Profiles";
import { Retention } from "./Retention";
import { Rfm } from "./Rfm";
import { SegmentSizes } from "./SegmentSizes";

/** Scored days whose sizes are shown. */
const DAYS = 30;
const VIEWS = ["segments", "retention", "funnel", "rfm"] as const;

export function SegmentsPage() {
  const { t } = useTranslation();
  const { may } = useSession();
  const [search, setSearch] = useSearchParams();
  const view = VIEWS.find((each) => each === search.get("view")) ?? "segments";
  return (
    <Page
      title={t("pages.segments")}
      actions={
        may("campaigns:read") && (
          <Button component={RouterLink} to="/users?build=1" variant="outlined">
            {t("audience.title")}
          </Button>
        )
      }
    >
      <Tabs value={view} onChange={(_, chosen: string) => setSearch({ view: chosen })} aria-label={t("segments.views")}>
        {VIEWS.map((each) => (
          <Tab key={each} value={each} label={t(`segments.${each}`)} id={`tab-${each}`} aria-controls="view" />
        ))}
      </Tabs>
      <Box role="tabpanel" id="view" aria-labelledby={`tab-${view}`}>
        {view === "segments" && <Segments />}
        {view === "retention" && <RetentionView />}
        {view === "funnel" && <FunnelView />}
        {view === "rfm" && <RfmView />}
      </Box>
    </Page>
  );
}

function Segments() {
  const { t } = useTranslation();
  const format = useFormat();
  const report = useQuery({
    queryKey: ["segments", DAYS],
    queryFn: () => unwrap(api.GET("/analytics/segments", { params: { query: { days: DAYS } } })),
  });
  return (
    <Answered query={report} isEmpty={(data) => data.segments.length === 0} empty={t("overview.noRun")}>
      {(data) => (
        <Box sx={{ display: "grid", gap: 2.5 }}>
          <Section title={t("segments.segments")} note={t("users.asOf", { day: format.day(data.as_of) })}>
            <SegmentTable segments={data.segments} />
          </Section>
          <Section title={t("segments.profiles")} note={t("segments.profilesNote")}>
            <Profiles segments={data.segments} />
          </Section>
          <Section title={t("segments.sizes")}>
            <SegmentSizes moves={data.moves} />
          </Section>
          <Section title={t("segments.moves")} note={t("segments.movesNote")}>
            <Moves moves={data.moves} />
          </Section>
        </Box>
      )}
    </Answered>
  );
}

function RetentionView() {
  const { t } = useTranslation();
  const calendar = useCalendar();
  const report = useQuery({
    queryKey: ["retention", calendar],
    queryFn: () => unwrap(api.GET("/analytics/retention", { params: { query: calendar } })),
  });
  return (
    <Section title={t("segments.retention")} note={t("segments.retentionNote")}>
      <Answered query={report} isEmpty={(data) => data.cohorts.length === 0} empty={t("overview.noRun")}>
        {(data) => <Retention cohorts={data.cohorts} />}
      </Answered>
    </Section>
  );
}

function FunnelView() {
  const { t } = useTranslation();
  const calendar = useCalendar();
  const report = useQuery({
    queryKey: ["funnel", calendar],
    queryFn: () => unwrap(api.GET("/analytics/funnel", { params: { query: { ...calendar, period: "week" } } })),
  });
  return (
    <Section title={t("segments.funnel")} note={t("segments.funnelNote")}>
      <Answered query={report} isEmpty={(data) => data.total.active_users === 0} empty={t("overview.noRun")}>
        {(data) => (
          <Funnel
            total={data.total}
            days={{
              ...(data.periods[0] ? { from_day: data.periods[0].first_day } : {}),
              ...(data.periods.at(-1) ? { until_day: data.periods.at(-1)?.last_day ?? "" } : {}),
            }}
          />
        )}
      </Answered>
    </Section>
  );
}

function RfmView() {
  const { t } = useTranslation();
  const report = useQuery({ queryKey: ["rfm"], queryFn: () => unwrap(api.GET("/analytics/rfm")) });
  return (
    <Section title={t("segments.rfm")} note={t("segments.rfmNote")}>
      <Answered query={report} isEmpty={(data) => data.cells.length === 0} empty={t("overview.noRun")}>
        {(data) => <Rfm report={data} />}
      </Answered>
    </Section>
  );
}
