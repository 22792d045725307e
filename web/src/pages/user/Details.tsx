/** What happened to a user and what was said, a tab each: a tab asks for what it shows when it is opened. */
import Box from "@mui/material/Box";
import Card from "@mui/material/Card";
import CardContent from "@mui/material/CardContent";
import Tab from "@mui/material/Tab";
import Tabs from "@mui/material/Tabs";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { components } from "../../api/schema";
import { useSession } from "../../session/Session";
import { Contacts } from "./Contacts";
import { Features } from "./Features";
import { History } from "./History";
import { SegmentHistory } from "./SegmentHistory";
import { Timeline } from "./Timeline";

const VIEWS = ["timeline", "contacts", "segmentHistory", "history", "features"] as const;

export function Details({
  userId,
  families,
}: {
  userId: string;
  families: readonly components["schemas"]["FeatureFamily"][];
}) {
  const { t } = useTranslation();
  const { may } = useSession();
  const [view, setView] = useState<(typeof VIEWS)[number]>("timeline");
  const views = VIEWS.filter((each) => each !== "contacts" || may("campaigns:read"));
  return (
    <Card sx={{ minWidth: 0 }}>
      <Tabs
        value={view}
        variant="scrollable"
        aria-label={t("user.details")}
        onChange={(_, chosen: (typeof VIEWS)[number]) => setView(chosen)}
      >
        {views.map((each) => (
          <Tab key={each} value={each} label={t(`user.${each}`)} id={`tab-${each}`} aria-controls="details" />
        ))}
      </Tabs>
      <CardContent>
        <Box role="tabpanel" id="details" aria-labelledby={`tab-${view}`}>
          {view === "timeline" && <Timeline userId={userId} />}
          {view === "contacts" && <Contacts userId={userId} />}
          {view === "segmentHistory" && <SegmentHistory userId={userId} />}
          {view === "history" && <History userId={userId} />}
          {view === "features" && <Features families={families} />}
        </Box>
      </CardContent>
    </Card>
  );
}
