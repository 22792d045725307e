/** A new experiment whose arms are policies: what each arm says, to whom, and when. It is saved as a draft. */
import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import MenuItem from "@mui/material/MenuItem";
import Stack from "@mui/material/Stack";
import TextField from "@mui/material/TextField";
import { useMutation } from "@tanstack/react-query";
import { type ReactNode, type SubmitEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { api } from "../../api/client";
import { unwrap } from "../../api/problem";
import { Failure } from "../../parts/Answered";
import { Page } from "../../parts/Page";
import { Section } from "../../parts/Section";
import { MessageFields } from "../campaigns/MessageFields";
import { PolicyInUse } from "../policies/PolicyInUse";
import { type Arm, EMPTY, MOST_ARMS, toCampaign, WHOM, withOne } from "./arms";

export function NewExperimentPage() {
  const { t } = useTranslation();
  const go = useNavigate();
  const [draft, setDraft] = useState(EMPTY);
  const make = useMutation({
    mutationFn: () => unwrap(api.POST("/campaigns", { body: toCampaign(draft) })),
    onSuccess: ({ campaign_id }) => go(`/campaigns/${campaign_id}`),
  });
  const changeArm = (id: number, given: Partial<Arm>) =>
    setDraft({ ...draft, arms: draft.arms.map((arm) => (arm.id === id ? { ...arm, ...given } : arm)) });

  function submit(event: SubmitEvent<HTMLFormElement>) {
    event.preventDefault();
    make.mutate();
  }

  return (
    <Page title={t("experiments.make")} note={t("experiments.makeNote")}>
      <Stack component="form" onSubmit={submit} spacing={2.5}>
        <PolicyInUse />
        <Section title={t("campaigns.about")}>
          <Fields>
            <TextField
              required
              size="small"
              label={t("settings.name")}
              value={draft.name}
              onChange={(event) => setDraft({ ...draft, name: event.target.value })}
            />
            <TextField
              required
              size="small"
              type="number"
              label={t("experiments.control")}
              value={draft.controlPercent}
              onChange={(event) => setDraft({ ...draft, controlPercent: event.target.value })}
              slotProps={{ htmlInput: { min: 1, max: 90 } }}
            />
          </Fields>
        </Section>
        {draft.arms.map((arm, place) => (
          <Section
            key={arm.id}
            title={t("experiments.arm", { number: place + 1 })}
            actions={
              draft.arms.length > 1 && (
                <Button
                  size="small"
                  onClick={() => setDraft({ ...draft, arms: draft.arms.filter(({ id }) => id !== arm.id) })}
                >
                  {t("experiments.remove", { number: place + 1 })}
                </Button>
              )
            }
          >
            <ArmFields arm={arm} change={(given) => changeArm(arm.id, given)} />
          </Section>
        ))}
        {make.isError && <Failure error={make.error} />}
        <Stack direction="row" spacing={1}>
          <Button
            disabled={draft.arms.length >= MOST_ARMS}
            onClick={() => setDraft({ ...draft, arms: withOne(draft.arms) })}
          >
            {t("experiments.add")}
          </Button>
          <Button type="submit" variant="contained" disabled={make.isPending}>
            {t("campaigns.save")}
          </Button>
        </Stack>
      </Stack>
    </Page>
  );
}

function ArmFields({ arm, change }: { arm: Arm; change: (given: Partial<Arm>) => void }) {
  const { t } = useTranslation();
  const field = (name: "name" | "whom" | "percent" | "hour") => ({
    size: "small" as const,
    value: arm[name],
    onChange: (event: { target: { value: string } }) => change({ [name]: event.target.value }),
  });
  return (
    <Fields>
      <TextField
        required
        label={t("settings.name")}
        {...field("name")}
        slotProps={{ htmlInput: { pattern: "[a-z0-9_\\-]{1,40}" } }}
      />
      <TextField select label={t("experiments.whom")} {...field("whom")}>
        {WHOM.map((whom) => (
          <MenuItem key={whom} value={whom}>
            {t(`experiments.by.${whom}`)}
          </MenuItem>
        ))}
      </TextField>
      {arm.whom !== "everybody" && (
        <TextField
          required
          type="number"
          label={t("experiments.percent")}
          {...field("percent")}
          slotProps={{ htmlInput: { min: 1, max: 100 } }}
        />
      )}
      <TextField
        type="number"
        label={t("experiments.hour")}
        {...field("hour")}
        slotProps={{ htmlInput: { min: 0, max: 23 } }}
      />
      <MessageFields draft={arm} change={change} />
    </Fields>
  );
}

function Fields({ children }: { children: ReactNode }) {
  return (
    <Box sx={{ display: "grid", gap: 2, gridTemplateColumns: "repeat(auto-fit, minmax(220px, 1fr))" }}>{children}</Box>
  );
}
