/** A new campaign: to whom, what it says, who is held out, and when. It is sent by nothing on this page. */
import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import MenuItem from "@mui/material/MenuItem";
import Slider from "@mui/material/Slider";
import Stack from "@mui/material/Stack";
import TextField from "@mui/material/TextField";
import Typography from "@mui/material/Typography";
import { useMutation } from "@tanstack/react-query";
import { type ReactNode, type SubmitEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate, useSearchParams } from "react-router";
import { api } from "../../api/client";
import { unwrap } from "../../api/problem";
import { AudienceChips } from "../../audience/AudienceChips";
import { useAudienceCount } from "../../audience/count";
import { audienceFrom, changed, rulesFrom } from "../../audience/query";
import { RulesEditor } from "../../audience/RulesEditor";
import { useFormat } from "../../i18n";
import { Failure } from "../../parts/Answered";
import { Page } from "../../parts/Page";
import { Section } from "../../parts/Section";
import { PolicyInUse } from "../policies/PolicyInUse";
import { FIELDS, Filters, useSegmentNames } from "../users/Filters";
import { type Draft, draftFrom, limited, toCampaign } from "./draft";
import { FromTemplate } from "./FromTemplate";
import { MessageFields } from "./MessageFields";

const TOPICS = ["offers", "recommendations", "reminders", "news"];

export function NewCampaignPage() {
  const { t } = useTranslation();
  const format = useFormat();
  const [search, setSearch] = useSearchParams();
  const go = useNavigate();
  const [draft, setDraft] = useState(() => draftFrom(search));
  const segments = useSegmentNames();
  const [isBuilding, setIsBuilding] = useState(false);
  const audience = audienceFrom(search);
  const count = useAudienceCount(limited(audience, draft));
  const change = (what: Record<string, string>) => setSearch((now) => changed(now, what), { replace: true });
  const make = useMutation({
    mutationFn: () => unwrap(api.POST("/campaigns", { body: toCampaign(draft, audience) })),
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
        <Section
          title={t("campaigns.audience")}
          note={t("campaigns.audienceNote")}
          actions={
            <Button size="small" onClick={() => setIsBuilding(!isBuilding)} aria-expanded={isBuilding}>
              {t(isBuilding ? "audience.hide" : "audience.build")}
            </Button>
          }
        >
          <Stack spacing={2}>
            <Filters search={search} change={change} segments={segments} />
            <AudienceChips search={search} without={FIELDS} change={change} />
            {isBuilding && (
              <RulesEditor
                rules={rulesFrom(search)}
                segments={segments}
                onChange={(rules) => change({ rules: rules === null ? "" : JSON.stringify(rules) })}
              />
            )}
            <Stack direction="row" spacing={2} useFlexGap sx={{ flexWrap: "wrap" }}>
              <TextField
                type="number"
                label={t("campaigns.maxUsers")}
                {...field("maxUsers")}
                sx={{ width: 260 }}
                slotProps={{ htmlInput: { min: 1 } }}
              />
              {draft.maxUsers && (
                <TextField select label={t("policies.chooseBy")} {...field("chooseBy")} sx={{ width: 320 }}>
                  <MenuItem value="value">{t("policies.byValue")}</MenuItem>
                  <MenuItem value="effect">{t("policies.byEffect")}</MenuItem>
                </TextField>
              )}
            </Stack>
            {draft.maxUsers && draft.chooseBy === "effect" && <PolicyInUse />}
            <Typography role="status" sx={{ fontWeight: 650 }}>
              {count.data && t("audience.users", { count: count.data.users, shown: format.number(count.data.users) })}
            </Typography>
          </Stack>
        </Section>
        <Section title={t("campaigns.message")} note={t("campaigns.messageNote")}>
          <FromTemplate change={(given) => setDraft({ ...draft, ...given })} />
          <Fields>
            <MessageFields draft={draft} change={(given) => setDraft({ ...draft, ...given })} />
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
            sx={{ maxWidth: 420, display: "block", mb: 2 }}
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
