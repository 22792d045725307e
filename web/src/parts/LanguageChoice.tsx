import ToggleButton from "@mui/material/ToggleButton";
import ToggleButtonGroup from "@mui/material/ToggleButtonGroup";
import { useTranslation } from "react-i18next";
import { chooseLanguage, LANGUAGES, type Language } from "../i18n";

export function LanguageChoice() {
  const { t, i18n } = useTranslation();
  return (
    <ToggleButtonGroup
      exclusive
      size="small"
      value={i18n.language}
      aria-label={t("settings.language")}
      onChange={(_, language: Language | null) => language && void chooseLanguage(language)}
    >
      {Object.entries(LANGUAGES).map(([language, name]) => (
        <ToggleButton key={language} value={language} lang={language}>
          {name}
        </ToggleButton>
      ))}
    </ToggleButtonGroup>
  );
}
