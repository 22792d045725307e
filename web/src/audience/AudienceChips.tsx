/** Whom an address means, a chip for each filter and condition; with `change`, each can be taken away. */
import Chip from "@mui/material/Chip";
import Stack from "@mui/material/Stack";
import { useTranslation } from "react-i18next";
import { FILTERS, rulesFrom } from "./query";
import { useWords } from "./words";

export function AudienceChips({
  search,
  without = [],
  change,
}: {
  search: URLSearchParams;
  /** Filters that have a field of their own beside. */
  without?: readonly string[];
  change?: (what: Record<string, string>) => void;
}) {
  const { t } = useTranslation();
  const rules = rulesFrom(search);
  const named = FILTERS.filter((name) => search.get(name) && !without.includes(name));
  const words = useWords(rules !== null || named.includes("list_id"));
  if (named.length === 0 && rules === null) return null;
  return (
    <Stack direction="row" useFlexGap spacing={1} sx={{ flexWrap: "wrap", alignItems: "center" }}>
      {named.map((name) => (
        <Chip
          key={name}
          size="small"
          label={words.filter(name, search.get(name) ?? "")}
          {...(change ? { onDelete: () => change({ [name]: "" }) } : {})}
        />
      ))}
      {rules?.conditions.map((condition, place) => (
        <Chip
          key={JSON.stringify(condition)}
          size="small"
          variant="outlined"
          label={`${place > 0 ? `${t(`audience.${rules.match}Joined`)} ` : ""}${words.condition(condition)}`}
        />
      ))}
      {change && rules && <Chip size="small" label={t("audience.noRules")} onDelete={() => change({ rules: "" })} />}
    </Stack>
  );
}
