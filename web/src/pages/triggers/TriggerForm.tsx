/** What a trigger waits for, what it says, and how often it may. */
import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import MenuItem from "@mui/material/MenuItem";
import Stack from "@mui/material/Stack";
import TextField from "@mui/material/TextField";
import { type SubmitEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { Failure } from "../../parts/Answered";
import { AMOUNTS, type Draft, KINDS, type RuleKind } from "./draft";

const TOPICS = ["offers", "recommendations", "reminders", "news"];

interface Props {
  start: Draft;
  isBusy: boolean;
  error: Error | null;
  store: (draft: Draft) => void;
}

export function TriggerForm({ start, isBusy, error, store }: Props) {
  const { t } = useTranslation();
  const [draft, setDraft] = useState(start);
  const field = (name: keyof Draft) => ({
    size: "small" as const,
    value: draft[name],
    onChange: ({ target }: { target: { value: string } }) => setDraft({ ...draft, [name]: target.value }),
  });

  function submit(event: SubmitEvent<HTMLFormElement>) {
    event.preventDefault();
    store(draft);
  }

  return (
    <Stack component="form" onSubmit={submit} spacing={2}>
      <Box sx={GRID}>
        <TextField required label={t("settings.name")} {...field("name")} />
        <TextField select label={t("campaigns.topic")} {...field("topic")}>
          {TOPICS.map((topic) => (
            <MenuItem key={topic} value={topic}>
              {t(`topic.${topic}`)}
            </MenuItem>
          ))}
        </TextField>
        <TextField
          select
          label={t("triggers.rule")}
          size="small"
          value={draft.kind}
          onChange={({ target }) => {
            const kind = target.value as RuleKind;
            setDraft({ ...draft, kind, amount: AMOUNTS[kind] });
          }}
        >
          {KINDS.map((kind) => (
            <MenuItem key={kind} value={kind}>
              {t(`triggerKind.${kind}`)}
            </MenuItem>
          ))}
        </TextField>
        {draft.kind !== "first_order" && (
          <TextField required type="number" label={t(`triggerAmount.${draft.kind}`)} {...field("amount")} />
        )}
      </Box>
      <Box sx={GRID}>
        <TextField multiline minRows={3} required={!draft.russian} label="English" {...field("english")} />
        <TextField multiline minRows={3} required={!draft.english} label="Русский" {...field("russian")} />
      </Box>
      <Box sx={GRID}>
        <TextField required type="number" label={t("triggers.cooldown")} {...field("cooldownDays")} />
        <TextField required type="number" label={t("triggers.mostADay")} {...field("mostADay")} />
        <TextField required type="number" label={t("triggers.control")} {...field("controlPercent")} />
      </Box>
      {error && <Failure error={error} />}
      <Button type="submit" variant="contained" disabled={isBusy} sx={{ alignSelf: "flex-start" }}>
        {t("campaigns.save")}
      </Button>
    </Stack>
  );
}

const GRID = { display: "grid", gap: 2, gridTemplateColumns: "repeat(auto-fit, minmax(min(100%, 220px), 1fr))" };
