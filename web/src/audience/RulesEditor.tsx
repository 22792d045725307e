/** Builds the rules of an audience: all or any of some conditions. What is whole so far is what counts. */
import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import MenuItem from "@mui/material/MenuItem";
import Stack from "@mui/material/Stack";
import TextField from "@mui/material/TextField";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { ConditionFields } from "./ConditionFields";
import { emptyCondition, isWhole } from "./conditions";
import type { Condition, Rules } from "./query";

export function RulesEditor({
  rules,
  segments,
  onChange,
}: {
  rules: Rules | null;
  segments: readonly string[];
  /** Called with the rules of all whole conditions; null where there is none. */
  onChange: (rules: Rules | null) => void;
}) {
  const { t } = useTranslation();
  const [match, setMatch] = useState<"all" | "any">(rules?.match ?? "all");
  const [conditions, setConditions] = useState<readonly Condition[]>(rules?.conditions ?? [emptyCondition("number")]);

  function change(nextMatch: "all" | "any", next: readonly Condition[]) {
    setMatch(nextMatch);
    setConditions(next);
    const whole = next.filter(isWhole);
    onChange(whole.length > 0 ? { match: nextMatch, conditions: whole } : null);
  }

  return (
    <Stack spacing={1.5}>
      <TextField
        select
        size="small"
        label={t("audience.match")}
        value={match}
        sx={{ width: 260 }}
        onChange={(event) => change(event.target.value as "all" | "any", conditions)}
      >
        <MenuItem value="all">{t("audience.all")}</MenuItem>
        <MenuItem value="any">{t("audience.any")}</MenuItem>
      </TextField>
      {conditions.map((condition, place) => (
        <Box
          // biome-ignore lint/suspicious/noArrayIndexKey: conditions have no name, and keep their place.
          key={place}
          role="group"
          aria-label={t("audience.condition", { number: place + 1 })}
          sx={{ display: "flex", flexWrap: "wrap", gap: 1.5, alignItems: "center" }}
        >
          <ConditionFields
            condition={condition}
            segments={segments}
            onChange={(changed) =>
              change(
                match,
                conditions.map((each, at) => (at === place ? changed : each)),
              )
            }
          />
          <Button
            size="small"
            onClick={() =>
              change(
                match,
                conditions.filter((_, at) => at !== place),
              )
            }
          >
            {t("audience.remove")}
          </Button>
        </Box>
      ))}
      <Button
        size="small"
        sx={{ alignSelf: "flex-start" }}
        onClick={() => setConditions([...conditions, emptyCondition("number")])}
      >
        {t("audience.add")}
      </Button>
    </Stack>
  );
}
