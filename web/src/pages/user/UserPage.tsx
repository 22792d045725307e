/** One user: who it is, what the models say and why, and what happened. */
import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import Chip from "@mui/material/Chip";
import Stack from "@mui/material/Stack";
import ToggleButton from "@mui/material/ToggleButton";
import ToggleButtonGroup from "@mui/material/ToggleButtonGroup";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useParams, useSearchParams } from "react-router";
import { api } from "../../api/client";
import { unwrap } from "../../api/problem";
import { useFormat } from "../../i18n";
import { Answered } from "../../parts/Answered";
import { Page } from "../../parts/Page";
import { useSession } from "../../session/Session";
import { Details } from "./Details";
import { Facts } from "./Facts";
import { MessageDialog } from "./MessageDialog";
import { PersonalData } from "./PersonalData";
import { Prediction } from "./Prediction";
import { Recommendations } from "./Recommendations";
import { WhatIf } from "./WhatIf";

const FRESHNESS = ["snapshot", "live"] as const;

export function UserPage() {
  const { t } = useTranslation();
  const format = useFormat();
  const userId = useParams().userId ?? "";
  const [search, setSearch] = useSearchParams();
  const freshness = search.get("freshness") === "live" ? "live" : "snapshot";
  const { may } = useSession();
  const [isWriting, setIsWriting] = useState(false);
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
        <Stack direction="row" useFlexGap spacing={1} sx={{ flexWrap: "wrap" }}>
          {may("campaigns:manage") && (
            <Button variant="contained" onClick={() => setIsWriting(true)}>
              {t("message.write")}
            </Button>
          )}
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
        </Stack>
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
            {data.summary && <Facts user={data.summary} lifetime={data.lifetime_value} />}
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
            <WhatIf userId={userId} />
            {may("recommendations:read") && <Recommendations userId={userId} />}
          </>
        )}
      </Answered>
      <Details userId={userId} families={user.data?.features ?? []} />
      <PersonalData userId={userId} />
      {isWriting && <MessageDialog userId={userId} close={() => setIsWriting(false)} />}
    </Page>
  );
}
