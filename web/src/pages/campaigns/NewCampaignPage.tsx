/** A new campaign: to whom, what it says, who is held out, and when. It is sent by nothing on this page. */
import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import MenuItem from "@mui/material/MenuItem";
import Slider from "@mui/material/Slider";
import Stack from "@mui/material/Stack";
import TextField from "@mui/material/TextField";
import Typography from "@mui/material/Typography";
import { useMutation, useQuery } from "@tanstack/react-query";
import { type ReactNode, type SubmitEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate, useSearchParams } from "react-router";
import { api } from "../../api/client";
import { unwrap } from "../../api/problem";
import { Failure } from "../../parts/Answered";
import { Page } from "../../parts/Page";
import { Section } from "../../parts/Section";
import { type Draft, draftFrom, toCampaign } from "./draft";

const TOPICS = ["offers", "recommendations", "reminders", "news"];
const RISKS = ["low", "medium", "high"];

export function NewCampaignPage() {
  const { t } = useTranslation();
  const [search] = useSearchParams();
  const go = useNavigate();
  const [draft, setDraft] = useState(() => draftFrom(search));
  const segments = useQuery({
    queryKey: ["segments", 1],
    queryFn: () => unwrap(api.GET("/analytics/segments", { params: { query: { days: 1 } } })),
  });
  const names = new Set(segments.data?.segments.flatMap(({ segment }) => segment ?? []) ?? []);
  if (draft.segment) names.add(draft.segment);
  const make = useMutation({
    mutationFn: () => unwrap(api.POST("/campaigns", { body: toCampaign(draft) })),
    onSuccess: ({ campaign_id }) => go(`/campaigns/${campaign_id}`),
  });
  const field = (name: keyof Draft) => ({
    size: "small" as const,
    value: draft[name],
    onChange: (event: { target: { value: string } }) => setDraft({ ...draft, [name]: event.target.value }),
  });

  function submit(event: SubmitEvent<HTMLFormElement>) {
    event.preventDefault();
    make.mutate();
  }

  return (
    <Page title={t("campaigns.make")} note={t("campaigns.makeNote")}>
      <Stack component="form" onSubmit={submit} spacing={2.5}>
        <Section title={t("campaigns.about")}>
          <Fields>
            <TextField required label={t("settings.name")} {...field("name")} />
            <TextField select label={t("campaigns.topic")} {...field("topic")}>
              {TOPICS.map((topic) => (
                <MenuItem key={topic} value={topic}>
                  {t(`topic.${topic}`)}
                </MenuItem>
              ))}
            </TextField>
          </Fields>
        </Section>
        <Section title={t("campaigns.audience")} note={t("campaigns.audienceNote")}>
          <Fields>
            <TextField select label={t("user.segment")} {...field("segment")}>
              <MenuItem value="">{t("users.any")}</MenuItem>
              {[...names].map((name) => (
                <MenuItem key={name} value={name}>
                  {name}
                </MenuItem>
              ))}
            </TextField>
            <TextField select label={t("users.risk")} {...field("risk")}>
              <MenuItem value="">{t("users.any")}</MenuItem>
              {RISKS.map((risk) => (
                <MenuItem key={risk} value={risk}>
                  {t(`risk.${risk}`)}
                </MenuItem>
              ))}
            </TextField>
            <TextField type="number" label={t("users.minValue")} {...field("minExpectedValue")} />
            <TextField type="number" label={t("campaigns.maxUsers")} {...field("maxUsers")} />
          </Fields>
        </Section>
        <Section title={t("campaigns.message")} note={t("campaigns.messageNote")}>
          <Fields>
            <TextField multiline minRows={4} required={!draft.russian} label="English" {...field("english")} />
            <TextField multiline minRows={4} required={!draft.english} label="Русский" {...field("russian")} />
          </Fields>
        </Section>
        <Section title={t("campaigns.experiment")} note={t("campaigns.experimentNote")}>
          <Typography id="control-share" variant="body2">
            {t("campaigns.controlShare", { percent: draft.controlPercent })}
          </Typography>
          <Slider
            aria-labelledby="control-share"
            value={draft.controlPercent}
            min={0}
            max={90}
            step={5}
            sx={{ maxWidth: 420 }}
            onChange={(_, percent) => setDraft({ ...draft, controlPercent: percent as number })}
          />
          <TextField
            type="datetime-local"
            label={t("campaigns.startsAt")}
            {...field("startsAt")}
            slotProps={{ inputLabel: { shrink: true } }}
          />
        </Section>
        {make.isError && <Failure error={make.error} />}
        <Button type="submit" variant="contained" disabled={make.isPending} sx={{ alignSelf: "flex-start" }}>
          {t("campaigns.save")}
        </Button>
      </Stack>
    </Page>
  );
}

function Fields({ children }: { children: ReactNode }) {
  return (
    <Box sx={{ display: "grid", gap: 2, gridTemplateColumns: "repeat(auto-fit, minmax(220px, 1fr))" }}>{children}</Box>
  );
}
