/** Caps, quiet hours, time zone and currency of the shop: shown to all who write to users, changed by an administrator. */
import Alert from "@mui/material/Alert";
import Autocomplete from "@mui/material/Autocomplete";
import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import MenuItem from "@mui/material/MenuItem";
import TextField from "@mui/material/TextField";
import Typography from "@mui/material/Typography";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type SubmitEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { api } from "../../api/client";
import type { ShopSettings as Settings } from "../../api/names";
import { ApiProblem, unwrap } from "../../api/problem";
import { ZONES } from "../../app/calendar";
import { useFormat } from "../../i18n";
import { Answered, Failure } from "../../parts/Answered";
import { Section } from "../../parts/Section";
import { useSession } from "../../session/Session";
import { changeOf, type Draft, draftOf, isSame, usualOf } from "./shop";

export function ShopSettings() {
  const { t } = useTranslation();
  const settings = useQuery({ queryKey: ["shop settings"], queryFn: () => unwrap(api.GET("/contact-rules")) });
  return (
    <Section title={t("shop.title")} note={t("shop.note")}>
      <Answered query={settings} height={320}>
        {/* Another version begins another draft. */}
        {(data) => <Form key={data.version} settings={data} />}
      </Answered>
    </Section>
  );
}

function Form({ settings }: { settings: Settings }) {
  const { t } = useTranslation();
  const format = useFormat();
  const { may, reload } = useSession();
  const queries = useQueryClient();
  const [draft, setDraft] = useState<Draft>(() => draftOf(settings));
  const change = useMutation({
    mutationFn: () => unwrap(api.PATCH("/contact-rules", { body: changeOf(settings, draft) })),
    onSuccess: async (data) => {
      queries.setQueryData(["shop settings"], data);
      await reload();
    },
  });
  const mayChange = may("settings:manage");
  const isOutdated = change.error instanceof ApiProblem && change.error.status === 409;
  const set = (what: Partial<Draft>) => setDraft({ ...draft, ...what });
  const usual = settings.environment;

  function submit(event: SubmitEvent<HTMLFormElement>) {
    event.preventDefault();
    change.mutate();
  }

  return (
    <Box component="form" onSubmit={submit} sx={{ display: "grid", gap: 2, maxWidth: 640 }}>
      {(["most_a_day", "most_a_week"] as const).map((name) => (
        <TextField
          key={name}
          size="small"
          type="number"
          required
          disabled={!mayChange}
          label={t(`shop.${name}`)}
          value={draft[name]}
          onChange={({ target }) => set({ [name]: target.value })}
          slotProps={{ htmlInput: { min: 0, max: 1000 } }}
          helperText={t("shop.usual", { value: format.number(usual[name]) })}
        />
      ))}
      <Box sx={{ display: "grid", gap: 2, gridTemplateColumns: "1fr 1fr" }}>
        {(["start", "end"] as const).map((edge) => (
          <TextField
            key={edge}
            size="small"
            type="time"
            required
            disabled={!mayChange}
            label={t(`shop.quiet_${edge}`)}
            value={draft[edge]}
            onChange={({ target }) => set({ [edge]: target.value })}
            slotProps={{ inputLabel: { shrink: true } }}
            helperText={t("shop.usual", { value: usual.quiet_hours[edge].slice(0, 5) })}
          />
        ))}
      </Box>
      <Autocomplete
        size="small"
        disableClearable
        disabled={!mayChange}
        options={ZONES}
        value={draft.time_zone}
        onChange={(_, time_zone) => set({ time_zone })}
        renderInput={(params) => (
          <TextField
            {...params}
            label={t("shop.time_zone")}
            helperText={`${t("shop.usual", { value: usual.time_zone })} ${t("shop.timeZoneNote")}`}
          />
        )}
      />
      <TextField
        select
        size="small"
        disabled={!mayChange || settings.currencies.length === 0}
        label={t("shop.currency")}
        value={draft.currency}
        onChange={({ target }) => set({ currency: target.value })}
        helperText={t("shop.currencyNote", { base: settings.money.base ?? "–" })}
      >
        {settings.currencies.map((currency) => (
          <MenuItem key={currency} value={currency}>
            {currency}
          </MenuItem>
        ))}
      </TextField>
      {settings.money.rate_day !== null && (
        <Typography variant="body2">
          {t("shop.rate", {
            shown: settings.money.shown,
            base: settings.money.base,
            rate: format.number(settings.money.rate, 4),
            day: format.day(settings.money.rate_day),
          })}
        </Typography>
      )}
      {mayChange && (
        <Box sx={{ display: "flex", flexWrap: "wrap", gap: 1 }}>
          <Button type="submit" variant="contained" disabled={change.isPending || isSame(settings, draft)}>
            {t("shop.save")}
          </Button>
          {settings.changed.length > 0 && (
            <Button onClick={() => set(usualOf(settings))}>{t("shop.asEnvironment")}</Button>
          )}
        </Box>
      )}
      {!mayChange && <Alert severity="info">{t("shop.onlyAdmins")}</Alert>}
      {change.isSuccess && <Alert severity="success">{t("shop.saved")}</Alert>}
      {isOutdated ? (
        <Alert
          severity="warning"
          action={
            <Button onClick={() => void queries.invalidateQueries({ queryKey: ["shop settings"] })}>
              {t("shop.lookAgain")}
            </Button>
          }
        >
          {t("shop.outdated")}
        </Alert>
      ) : (
        change.isError && <Failure error={change.error} />
      )}
      <Typography variant="body2" color="textSecondary">
        {t("shop.topics", { topics: settings.topics.map((topic) => t(`topic.${topic}`)).join(", ") })}
      </Typography>
      {settings.changed_by !== null && (
        <Typography variant="body2" color="textSecondary">
          {t("shop.changedBy", { name: settings.changed_by, time: format.moment(settings.changed_at) })}
        </Typography>
      )}
    </Box>
  );
}
