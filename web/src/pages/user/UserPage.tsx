/** One user: who it is, what the models say and why, and what happened. */
import Box from "@mui/material/Box";
import Chip from "@mui/material/Chip";
import Stack from "@mui/material/Stack";
import ToggleButton from "@mui/material/ToggleButton";
import ToggleButtonGroup from "@mui/material/ToggleButtonGroup";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useParams, useSearchParams } from "react-router";
import { api } from "../../api/client";
import { unwrap } from "../../api/problem";
import { useFormat } from "../../i18n";
import { Answered } from "../../parts/Answered";
import { Page } from "../../parts/Page";
import { Section } from "../../parts/Section";
import { Facts } from "./Facts";
import { Features } from "./Features";
import { History } from "./History";
import { PersonalData } from "./PersonalData";
import { Prediction } from "./Prediction";
import { Timeline } from "./Timeline";

const FRESHNESS = ["snapshot", "live"] as const;

export function UserPage() {
  const { t } = useTranslation();
  const format = useFormat();
  const userId = useParams().userId ?? "";
  const [search, setSearch] = useSearchParams();
  const freshness = search.get("freshness") === "live" ? "live" : "snapshot";
  const user = useQuery({
    queryKey: ["user", userId, freshness],
    queryFn: () => unwrap(api.GET("/users/{user_id}", { params: { path: { user_id: userId }, query: { freshness } } })),
    placeholderData: (before) => before,
  });
  return (
    <Page
      title={userId}
      note={user.data && t("user.asOf", { day: format.day(user.data.features_as_of) })}
      actions={
        <ToggleButtonGroup
          exclusive
          size="small"
          value={freshness}
          aria-label={t("user.freshness")}
          onChange={(_, value: string | null) => value && setSearch(value === "live" ? { freshness: "live" } : {})}
        >
          {FRESHNESS.map((each) => (
            <ToggleButton key={each} value={each}>
              {t(`user.${each}`)}
            </ToggleButton>
          ))}
        </ToggleButtonGroup>
      }
    >
      <Answered query={user} height={500}>
        {(data) => (
          <>
            {data.other_ids.length > 0 && (
              <Stack direction="row" spacing={1} useFlexGap sx={{ flexWrap: "wrap" }}>
                {data.other_ids.map((id) => (
                  <Chip key={id} size="small" label={id} />
                ))}
              </Stack>
            )}
            {data.summary && <Facts user={data.summary} />}
            <Box
              sx={{
                display: "grid",
                gap: 2.5,
                gridTemplateColumns: { xs: "minmax(0, 1fr)", lg: "repeat(3, minmax(0, 1fr))" },
              }}
            >
              {data.predictions.map((answer) => (
                <Prediction key={answer.model} answer={answer} />
              ))}
            </Box>
            <Section title={t("user.features")}>
              <Features families={data.features} />
            </Section>
          </>
        )}
      </Answered>
      <Box sx={{ display: "grid", gap: 2.5, gridTemplateColumns: { xs: "minmax(0, 1fr)", lg: "1fr 1fr" } }}>
        <Section title={t("user.timeline")}>
          <Timeline userId={userId} />
        </Section>
        <Section title={t("user.history")} note={t("user.historyNote")}>
          <History userId={userId} />
        </Section>
      </Box>
      <PersonalData userId={userId} />
    </Page>
  );
}
