import MenuItem from "@mui/material/MenuItem";
import TextField from "@mui/material/TextField";
import { useTranslation } from "react-i18next";
import { useSession } from "../../session/Session";
import { useTemplates } from "../templates/TemplatesPage";
import { withoutVariables } from "./draft";

interface Texts {
  english: string;
  russian: string;
}

/** Begins a message with the words of a template. */
export function FromTemplate({ change }: { change: (texts: Texts) => void }) {
  const { t } = useTranslation();
  const { may } = useSession();
  const templates = useTemplates(may("templates:read"));
  if (!templates.data) return null;
  const known = templates.data.templates;
  return (
    <TextField
      select
      size="small"
      sx={{ mb: 2, minWidth: 240 }}
      label={t("templates.begin")}
      value=""
      onChange={({ target }) => {
        const words = known.find(({ name }) => name === target.value)?.content.words;
        change({
          english: withoutVariables(words?.en?.text ?? ""),
          russian: withoutVariables(words?.ru?.text ?? ""),
        });
      }}
    >
      {known.map(({ name, content }) => (
        <MenuItem key={name} value={name}>
          {name} ({t(`situation.${content.situation}`)})
        </MenuItem>
      ))}
    </TextField>
  );
}
