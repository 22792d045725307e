/**
 * Sentences of the pipeline, of imports and of effects in the reader's language, by their codes. What has no code, such as
 * somebody's own reason, is said as it was said.
 */
import type { TFunction } from "i18next";
import { useTranslation } from "react-i18next";
import type { components } from "../api/schema";
import { type Format, formatIn } from "./index";

export type Told = components["schemas"]["Told"];

export function useTold(): (parts: readonly Told[]) => string {
  const { t, i18n } = useTranslation();
  return (parts) => toldIn(parts, t, formatIn(i18n.language));
}

export function toldIn(parts: readonly Told[], t: TFunction, format: Format): string {
  const said = parts.map(({ code, parameters }) => {
    if (code === "other") return parameters.text ?? "";
    const shown = Object.entries(parameters).map(([name, value]) => [name, written(value, format)]);
    return t(`told.${code}`, Object.fromEntries(shown));
  });
  return said.join(" ").replaceAll(" ;", ";");
}

/** A number of the English text, such as 1,234 or 0.857 or 45%, as the language writes it; anything else as it is. */
export function written(value: string, format: Format): string {
  if (!/^-?\d[\d,]*(\.\d+)?%?$/.test(value)) return value;
  const digits = /\.(\d+)/.exec(value)?.[1]?.length ?? 0;
  const number = Number(value.replaceAll(",", "").replace("%", ""));
  return value.endsWith("%") ? format.share(number / 100, digits) : format.number(number, digits);
}
