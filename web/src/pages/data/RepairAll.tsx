/** One change for all rows of a reason: a value, a column of their files, or what a word means. */
import Autocomplete from "@mui/material/Autocomplete";
import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import MenuItem from "@mui/material/MenuItem";
import Stack from "@mui/material/Stack";
import TextField from "@mui/material/TextField";
import { type SubmitEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { Failure } from "../../parts/Answered";
import { Section } from "../../parts/Section";
import { JobView } from "./JobView";
import { TYPES } from "./ReadingForm";
import { type Change, columnOf, FILLED, type FilledColumn, type Selection } from "./repair";
import { useRepair } from "./useRepair";

const KINDS = ["nothing", "value", "column", "word"] as const;
type Kind = (typeof KINDS)[number];

interface Props {
  selection: Selection;
  /** Columns of the rows. */
  names: string[];
  isEmpty: boolean;
  onDone: () => unknown;
}

export function RepairAll({ selection, names, isEmpty, onDone }: Props) {
  const { t } = useTranslation();
  const [kind, setKind] = useState<Kind>("value");
  const [column, setColumn] = useState<FilledColumn>(() => columnOf(selection.reason));
  const [word, setWord] = useState("");
  const [text, setText] = useState("");
  const repair = useRepair(onDone);
  if (isEmpty && !repair.job) return null;

  function submit(event: SubmitEvent<HTMLFormElement>) {
    event.preventDefault();
    repair.ask.mutate({ selection, change: changeOf(kind, column, word, text) });
  }

  return (
    <Section title={t("repair.all")} note={t("repair.allNote")}>
      <Stack spacing={2}>
        {!isEmpty && (
          <Box component="form" onSubmit={submit} sx={{ display: "flex", flexWrap: "wrap", gap: 1.5 }}>
            <TextField
              select
              size="small"
              sx={{ minWidth: 230 }}
              label={t("repair.what")}
              value={kind}
              onChange={({ target }) => setKind(target.value as Kind)}
            >
              {KINDS.map((each) => (
                <MenuItem key={each} value={each}>
                  {t(`repairKind.${each}`)}
                </MenuItem>
              ))}
            </TextField>
            {kind !== "nothing" && (
              <TextField
                select
                size="small"
                sx={{ minWidth: 180 }}
                label={t("repair.column")}
                value={column}
                onChange={({ target }) => setColumn(target.value as FilledColumn)}
              >
                {FILLED.map((each) => (
                  <MenuItem key={each} value={each}>
                    {t(`eventColumn.${each}`)}
                  </MenuItem>
                ))}
              </TextField>
            )}
            {kind === "word" && (
              <TextField
                size="small"
                label={t("import.word")}
                value={word}
                onChange={({ target }) => setWord(target.value)}
              />
            )}
            {kind !== "nothing" && (
              <Autocomplete
                freeSolo
                size="small"
                sx={{ minWidth: 220 }}
                options={kind === "column" ? names : column === "event_type" ? TYPES : []}
                inputValue={text}
                onInputChange={(_, value) => setText(value)}
                renderInput={(params) => <TextField {...params} required label={t(`repairValue.${kind}`)} />}
              />
            )}
            <Button type="submit" variant="contained" disabled={repair.isBusy}>
              {t("repair.tryAll")}
            </Button>
          </Box>
        )}
        {repair.ask.isError && <Failure error={repair.ask.error} />}
        {repair.job && <JobView job={repair.job} />}
      </Stack>
    </Section>
  );
}

function changeOf(kind: Kind, column: FilledColumn, word: string, text: string): Change {
  if (kind === "value") return { fields: { [column]: text } };
  if (kind === "column") return { columns: { [column]: text } };
  if (kind === "word") return { values: { [column]: { [word]: text } } };
  return {};
}
