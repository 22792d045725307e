/** The fields of one condition of rules. */
import Autocomplete from "@mui/material/Autocomplete";
import MenuItem from "@mui/material/MenuItem";
import TextField from "@mui/material/TextField";
import { useTranslation } from "react-i18next";
import { useNames } from "../i18n/names";
import { emptyCondition, KINDS, type Kind, numberIn } from "./conditions";
import type { Condition } from "./query";
import { useAudienceNumbers, useUserLists } from "./words";

interface Props<One> {
  condition: One;
  segments: readonly string[];
  onChange: (condition: Condition) => void;
}
type Of<K extends Kind> = Extract<Condition, { kind: K }>;

export function ConditionFields({ condition, segments, onChange }: Props<Condition>) {
  const { t } = useTranslation();
  return (
    <>
      <TextField
        select
        size="small"
        label={t("audience.kind")}
        value={condition.kind}
        sx={{ width: 180 }}
        onChange={(event) => onChange(emptyCondition(event.target.value as Kind))}
      >
        {KINDS.map((kind) => (
          <MenuItem key={kind} value={kind}>
            {t(`audience.kinds.${kind}`)}
          </MenuItem>
        ))}
      </TextField>
      {condition.kind !== "number" && (
        <TextField
          select
          size="small"
          label={t("audience.holds")}
          value={condition.is_true === false ? "no" : "yes"}
          sx={{ width: 110 }}
          onChange={(event) => onChange({ ...condition, is_true: event.target.value === "yes" })}
        >
          <MenuItem value="yes">{t("audience.is")}</MenuItem>
          <MenuItem value="no">{t("audience.isNot")}</MenuItem>
        </TextField>
      )}
      {condition.kind === "number" && <NumberFields condition={condition} segments={segments} onChange={onChange} />}
      {condition.kind === "segment" && <SegmentField condition={condition} segments={segments} onChange={onChange} />}
      {condition.kind === "list" && <ListField condition={condition} segments={segments} onChange={onChange} />}
      {condition.kind === "property" && (
        <PropertyFields condition={condition} segments={segments} onChange={onChange} />
      )}
    </>
  );
}

function NumberFields({ condition, onChange }: Props<Of<"number">>) {
  const { t } = useTranslation();
  const names = useNames();
  const numbers = useAudienceNumbers().data ?? [];
  const chosen = numbers.find(({ name }) => name === condition.name) ?? null;
  return (
    <>
      <Autocomplete
        size="small"
        sx={{ width: 300, maxWidth: "100%" }}
        options={numbers}
        value={chosen}
        disableClearable={chosen !== null}
        groupBy={({ family }) => t(`family.${family}`, family)}
        getOptionLabel={({ name, label }) => names.feature(name, label)}
        isOptionEqualToValue={(one, other) => one.name === other.name}
        onChange={(_, number) => number && onChange({ ...condition, name: number.name })}
        renderInput={(field) => <TextField {...field} label={t("audience.number")} />}
      />
      {(["least", "most"] as const).map((bound) => (
        <TextField
          key={bound}
          size="small"
          type="number"
          label={chosen ? `${t(`audience.${bound}`)}, ${names.unit(chosen.unit)}` : t(`audience.${bound}`)}
          defaultValue={condition[bound] ?? ""}
          sx={{ width: 150 }}
          slotProps={{ htmlInput: { step: "any" } }}
          onChange={(event) => onChange({ ...condition, [bound]: numberIn(event.target.value) })}
        />
      ))}
    </>
  );
}

function SegmentField({ condition, segments, onChange }: Props<Of<"segment">>) {
  const { t } = useTranslation();
  const names = useNames();
  return (
    <Autocomplete
      multiple
      size="small"
      sx={{ width: 340, maxWidth: "100%" }}
      options={[...segments]}
      getOptionLabel={names.segment}
      value={condition.names}
      onChange={(_, chosen) => onChange({ ...condition, names: chosen })}
      renderInput={(field) => <TextField {...field} label={t("user.segment")} />}
    />
  );
}

function ListField({ condition, onChange }: Props<Of<"list">>) {
  const { t } = useTranslation();
  const lists = useUserLists().data ?? [];
  return (
    <TextField
      select
      size="small"
      label={t("lists.list")}
      value={lists.some(({ list_id }) => list_id === condition.list_id) ? condition.list_id : ""}
      sx={{ width: 260 }}
      onChange={(event) => onChange({ ...condition, list_id: event.target.value })}
    >
      {lists.map((list) => (
        <MenuItem key={list.list_id} value={list.list_id}>
          {list.name} ({list.users})
        </MenuItem>
      ))}
    </TextField>
  );
}

function PropertyFields({ condition, onChange }: Props<Of<"property">>) {
  const { t } = useTranslation();
  return (
    <>
      <TextField
        size="small"
        label={t("audience.propertyName")}
        value={condition.name}
        onChange={(event) => onChange({ ...condition, name: event.target.value })}
      />
      <TextField
        size="small"
        label={t("audience.propertyValue")}
        value={condition.value}
        onChange={(event) => onChange({ ...condition, value: event.target.value })}
      />
    </>
  );
}
