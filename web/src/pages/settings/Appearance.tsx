import Autocomplete from "@mui/material/Autocomplete";
import Box from "@mui/material/Box";
import { useColorScheme } from "@mui/material/styles";
import TextField from "@mui/material/TextField";
import ToggleButton from "@mui/material/ToggleButton";
import ToggleButtonGroup from "@mui/material/ToggleButtonGroup";
import { useTranslation } from "react-i18next";
import { chooseCalendar, useCalendar, ZONES } from "../../app/calendar";
import { LanguageChoice } from "../../parts/LanguageChoice";
import { Section } from "../../parts/Section";

const MODES = ["system", "light", "dark"] as const;
const WEEKS = ["monday", "sunday"] as const;

/** Language, light or dark, and whose days reports count. Kept in this browser. */
export function Appearance() {
  const { t } = useTranslation();
  const { mode, setMode } = useColorScheme();
  const calendar = useCalendar();
  return (
    <Section title={t("settings.appearance")}>
      <Box sx={{ display: "flex", flexWrap: "wrap", gap: 3, alignItems: "center" }}>
        <LanguageChoice />
        <ToggleButtonGroup
          exclusive
          size="small"
          value={mode ?? "system"}
          aria-label={t("settings.mode")}
          onChange={(_, chosen: (typeof MODES)[number] | null) => chosen && setMode(chosen)}
        >
          {MODES.map((each) => (
            <ToggleButton key={each} value={each}>
              {t(`settings.${each}`)}
            </ToggleButton>
          ))}
        </ToggleButtonGroup>
        <Autocomplete
          size="small"
          disableClearable
          sx={{ width: 240 }}
          options={ZONES}
          value={calendar.time_zone}
          onChange={(_, time_zone) => chooseCalendar({ time_zone })}
          renderInput={(params) => <TextField {...params} label={t("settings.timeZone")} />}
        />
        <ToggleButtonGroup
          exclusive
          size="small"
          value={calendar.week_starts_on}
          aria-label={t("settings.weekStart")}
          onChange={(_, chosen: (typeof WEEKS)[number] | null) => chosen && chooseCalendar({ week_starts_on: chosen })}
        >
          {WEEKS.map((each) => (
            <ToggleButton key={each} value={each}>
              {t(`settings.${each}`)}
            </ToggleButton>
          ))}
        </ToggleButtonGroup>
      </Box>
    </Section>
  );
}
