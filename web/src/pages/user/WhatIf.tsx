/** How a model answers when features that someone could act on have other values: its response, and no effect. */
import Alert from "@mui/material/Alert";
import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import Slider from "@mui/material/Slider";
import Stack from "@mui/material/Stack";
import ToggleButton from "@mui/material/ToggleButton";
import ToggleButtonGroup from "@mui/material/ToggleButtonGroup";
import Typography from "@mui/material/Typography";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api } from "../../api/client";
import { unwrap } from "../../api/problem";
import type { components } from "../../api/schema";
import { useFormat } from "../../i18n";
import { useNames } from "../../i18n/names";
import { Answered } from "../../parts/Answered";
import { Section } from "../../parts/Section";

type Lever = components["schemas"]["Lever"];
type Model = "churn" | "purchase";

const FIRST = 6;

export function WhatIf({ userId }: { userId: string }) {
  const { t } = useTranslation();
  const [model, setModel] = useState<Model | null>(null);
  return (
    <Section
      title={t("whatIf.title")}
      note={t("whatIf.note")}
      actions={
        <ToggleButtonGroup
          exclusive
          size="small"
          value={model}
          aria-label={t("models.model")}
          onChange={(_, chosen: Model | null) => setModel(chosen)}
        >
          {(["churn", "purchase"] as const).map((each) => (
            <ToggleButton key={each} value={each}>
              {t(`model.${each}`)}
            </ToggleButton>
          ))}
        </ToggleButtonGroup>
      }
    >
      {model && <Levers key={model} userId={userId} model={model} />}
    </Section>
  );
}

function Levers({ userId, model }: { userId: string; model: Model }) {
  const { t } = useTranslation();
  const format = useFormat();
  const [changes, setChanges] = useState<Record<string, number>>({});
  const [isAll, setIsAll] = useState(false);
  const path = { user_id: userId, model };
  const levers = useQuery({
    queryKey: ["levers", userId, model],
    queryFn: () => unwrap(api.GET("/users/{user_id}/what-if/{model}", { params: { path } })),
  });
  const answer = useQuery({
    queryKey: ["what-if", userId, model, changes],
    queryFn: () => unwrap(api.POST("/users/{user_id}/what-if/{model}", { params: { path }, body: { changes } })),
    enabled: Object.keys(changes).length > 0,
    placeholderData: (before) => before,
  });
  return (
    <Answered query={levers} isEmpty={(data) => data.levers.length === 0}>
      {(data) => {
        const after = Object.keys(changes).length > 0 ? answer.data?.after : undefined;
        return (
          <Stack spacing={2}>
            <Typography role="status" sx={{ fontSize: "1.3rem", fontWeight: 650 }}>
              {t(`model.${model}`)}:{" "}
              {after === undefined
                ? format.share(data.probability, 1)
                : t("whatIf.then", { before: format.share(data.probability, 1), after: format.share(after, 1) })}
            </Typography>
            <Alert severity="info">{t("whatIf.label")}</Alert>
            <Box
              sx={{
                display: "grid",
                gap: 2.5,
                gridTemplateColumns: "repeat(auto-fill, minmax(min(280px, 100%), 1fr))",
              }}
            >
              {data.levers.slice(0, isAll ? undefined : FIRST).map((lever) => (
                <LeverSlider
                  key={`${lever.feature} ${lever.feature in changes}`}
                  lever={lever}
                  set={(value) => setChanges({ ...changes, [lever.feature]: value })}
                  value={changes[lever.feature]}
                />
              ))}
            </Box>
            <Stack direction="row" spacing={1}>
              {data.levers.length > FIRST && (
                <Button size="small" onClick={() => setIsAll(!isAll)}>
                  {t(isAll ? "whatIf.fewer" : "whatIf.all", { count: data.levers.length })}
                </Button>
              )}
              <Button size="small" disabled={Object.keys(changes).length === 0} onClick={() => setChanges({})}>
                {t("whatIf.reset")}
              </Button>
            </Stack>
          </Stack>
        );
      }}
    </Answered>
  );
}

function LeverSlider({ lever, value, set }: { lever: Lever; value: number | undefined; set: (value: number) => void }) {
  const { t } = useTranslation();
  const format = useFormat();
  const names = useNames();
  const [moved, setMoved] = useState(value ?? lever.value ?? lever.least);
  const step = stepOf(lever);
  const digits = step < 1 ? 2 : 0;
  const now = lever.value === null ? t("whatIf.unknown") : format.number(lever.value, digits);
  return (
    <div>
      <Typography variant="body2" id={`lever-${lever.feature}`}>
        {names.feature(lever.feature, lever.label)}
        {lever.is_reason && ` · ${t("whatIf.reason")}`}
      </Typography>
      <Typography variant="caption" color="textSecondary" component="div">
        {value === undefined
          ? t("whatIf.value", { now, unit: names.unit(lever.unit) })
          : t("whatIf.tried", { now, unit: names.unit(lever.unit), value: format.number(value, digits) })}
      </Typography>
      <Slider
        size="small"
        aria-labelledby={`lever-${lever.feature}`}
        min={lever.least}
        max={lever.most}
        step={step}
        value={moved}
        valueLabelDisplay="auto"
        valueLabelFormat={(shown) => format.number(shown, digits)}
        onChange={(_, chosen) => setMoved(chosen as number)}
        onChangeCommitted={(_, chosen) => set(chosen as number)}
      />
    </div>
  );
}

/** Whole numbers where a feature has only such. */
function stepOf({ least, most, value }: Lever): number {
  const isWhole = [least, most, value ?? 0].every(Number.isInteger);
  return isWhole && most - least > 1 ? 1 : (most - least) / 200 || 1;
}
