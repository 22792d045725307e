import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import MenuItem from "@mui/material/MenuItem";
import TextField from "@mui/material/TextField";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api } from "../../api/client";
import { unwrap } from "../../api/problem";
import { useNames } from "../../i18n/names";

const RISKS = ["low", "medium", "high"];
const SOURCES = ["telegram", "web", "mobile", "other"];

/** The filters that have a field here. */
export const FIELDS = ["search", "segment", "risk", "source", "min_expected_value", "silent_since"];

export function useSegmentNames(): readonly string[] {
  const segments = useQuery({
    queryKey: ["segments", 1],
    queryFn: () => unwrap(api.GET("/analytics/segments", { params: { query: { days: 1 } } })),
  });
  return segments.data?.segments.flatMap(({ segment }) => segment ?? []) ?? [];
}

/** Whom the list holds. Each filter stands in the address. */
export function Filters({
  search,
  change,
  segments: names,
}: {
  search: URLSearchParams;
  change: (what: Record<string, string>) => void;
  segments: readonly string[];
}) {
  const { t } = useTranslation();
  const said = useNames();
  const chosen = search.get("segment") ?? "";
  const field = (name: string) => ({
    size: "small" as const,
    value: search.get(name) ?? "",
    onChange: (event: { target: { value: string } }) => change({ [name]: event.target.value }),
  });
  return (
    <Box
      role="search"
      sx={{ display: "flex", flexWrap: "wrap", gap: 1.5, "& .MuiTextField-root": { flex: "1 1 150px", maxWidth: 220 } }}
    >
      <TextField label={t("users.search")} type="search" {...field("search")} />
      <Choice
        label={t("user.segment")}
        names={chosen && !names.includes(chosen) ? [...names, chosen] : names}
        word={said.segment}
        {...field("segment")}
      />
      <Choice label={t("users.risk")} names={RISKS} word={(name) => t(`risk.${name}`)} {...field("risk")} />
      <Choice label={t("user.source")} names={SOURCES} {...field("source")} />
      <TextField label={t("users.minValue")} type="number" {...field("min_expected_value")} />
      <TextField
        label={t("users.silentSince")}
        type="date"
        {...field("silent_since")}
        slotProps={{ inputLabel: { shrink: true } }}
      />
      <Button size="small" onClick={() => change(Object.fromEntries([...search.keys()].map((name) => [name, ""])))}>
        {t("users.clear")}
      </Button>
    </Box>
  );
}

function Choice({
  label,
  names,
  word = (name) => name,
  ...field
}: {
  label: string;
  names: readonly string[];
  word?: (name: string) => string;
  size: "small";
  value: string;
  onChange: (event: { target: { value: string } }) => void;
}) {
  const { t } = useTranslation();
  return (
    <TextField select label={label} {...field}>
      <MenuItem value="">{t("users.any")}</MenuItem>
      {names.map((name) => (
        <MenuItem key={name} value={name}>
          {word(name)}
        </MenuItem>
      ))}
    </TextField>
  );
}
