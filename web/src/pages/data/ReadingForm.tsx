/** How a file is read: which of its columns is which column of an event, what its words mean, and how it writes values. */
import Autocomplete from "@mui/material/Autocomplete";
import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import MenuItem from "@mui/material/MenuItem";
import Stack from "@mui/material/Stack";
import TextField from "@mui/material/TextField";
import Typography from "@mui/material/Typography";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { FilePreview, FileReading } from "../../api/names";
import { COLUMNS, NEEDED, sourceOf, withSource, withWords, wordsOf } from "./reading";

export const TYPES = ["purchase", "view", "add_to_cart", "checkout", "search", "refund", "session_start", "signup"];
const ORDERS = ["day-first", "month-first"] as const;
const ZONES = ["UTC", ...Intl.supportedValuesOf("timeZone").filter((zone) => zone !== "UTC")];

interface Props {
  reading: FileReading;
  columns: FilePreview["columns"];
  change: (reading: FileReading) => void;
}

export function ReadingForm({ reading, columns, change }: Props) {
  const { t } = useTranslation();
  const names = columns.map(({ name }) => name);
  const samples = new Map(columns.map(({ name, samples }) => [name, samples.join(", ")]));
  return (
    <Stack spacing={3}>
      <Box sx={GRID}>
        {COLUMNS.map((column) => {
          const source = sourceOf(reading, column, names);
          return (
            <Autocomplete
              key={column}
              freeSolo
              autoSelect
              size="small"
              options={names}
              value={source === "-" ? "" : source}
              onChange={(_, chosen) => change(withSource(reading, column, chosen ?? "", names))}
              renderInput={(params) => (
                <TextField
                  {...params}
                  label={`${t(`eventColumn.${column}`)}${NEEDED.includes(column) ? " *" : ""}`}
                  helperText={samples.get(source) ?? " "}
                />
              )}
            />
          );
        })}
      </Box>
      <Words reading={reading} change={change} />
      <Box sx={GRID}>
        <Autocomplete
          size="small"
          disableClearable
          options={ZONES}
          value={reading.time_zone ?? "UTC"}
          onChange={(_, time_zone) => change({ ...reading, time_zone })}
          renderInput={(params) => <TextField {...params} label={t("import.timeZone")} />}
        />
        <TextField
          select
          size="small"
          label={t("import.dateOrder")}
          value={reading.date_order ?? ""}
          onChange={({ target }) =>
            change({ ...reading, date_order: ORDERS.find((order) => order === target.value) ?? null })
          }
        >
          <MenuItem value="">{t("import.foundOut")}</MenuItem>
          <MenuItem value="day-first">{t("import.dayFirst")}</MenuItem>
          <MenuItem value="month-first">{t("import.monthFirst")}</MenuItem>
        </TextField>
        <TextField
          select
          size="small"
          label={t("import.decimal")}
          value={reading.decimal ?? ""}
          onChange={({ target }) =>
            change({ ...reading, decimal: target.value === "." || target.value === "," ? target.value : null })
          }
        >
          <MenuItem value="">{t("import.foundOut")}</MenuItem>
          <MenuItem value=".">12.50</MenuItem>
          <MenuItem value=",">12,50</MenuItem>
        </TextField>
        <TextField
          size="small"
          label={t("import.encoding")}
          placeholder="windows-1251"
          value={reading.encoding ?? ""}
          onChange={({ target }) => change({ ...reading, encoding: target.value || null })}
        />
      </Box>
    </Stack>
  );
}

function Words({ reading, change }: Omit<Props, "columns">) {
  const { t } = useTranslation();
  const [words, setWords] = useState(() => wordsOf(reading));

  function set(next: [string, string][]) {
    setWords(next);
    change(withWords(reading, next));
  }

  function put(place: number, pair: [string, string]) {
    set(words.map((each, at) => (at === place ? pair : each)));
  }

  return (
    <Box>
      <Typography variant="body2" color="text.secondary" sx={{ mb: 1 }}>
        {t("import.words")}
      </Typography>
      <Stack spacing={1}>
        {words.map(([word, ours], place) => (
          // Words have no identity but their place.
          <Stack key={`word ${place.toString()}`} direction="row" spacing={1}>
            <TextField
              size="small"
              label={t("import.word")}
              value={word}
              onChange={({ target }) => put(place, [target.value, ours])}
            />
            <Autocomplete
              freeSolo
              autoSelect
              size="small"
              sx={{ minWidth: 150, flex: "0 1 220px" }}
              options={TYPES}
              value={ours}
              onChange={(_, chosen) => put(place, [word, chosen ?? ""])}
              renderInput={(params) => <TextField {...params} label={t("import.means")} />}
            />
            <Button size="small" onClick={() => set(words.filter((_, each) => each !== place))}>
              {t("import.removeWord")}
            </Button>
          </Stack>
        ))}
        <Button size="small" sx={{ alignSelf: "flex-start" }} onClick={() => setWords([...words, ["", ""]])}>
          {t("import.addWord")}
        </Button>
      </Stack>
    </Box>
  );
}

const GRID = { display: "grid", gap: 2, gridTemplateColumns: "repeat(auto-fill, minmax(min(100%, 230px), 1fr))" };
