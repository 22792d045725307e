/** An effect in plain words of the chosen language: "12 more orders, between 3 and 21." */
import type { TFunction } from "i18next";
import type { Outcome } from "../../api/names";
import type { Format } from "../../i18n";

export interface Measured {
  outcome: Outcome["outcome"];
  unit: string;
  total: number;
  total_low: number | null;
  total_high: number | null;
}

export function effectInWords(effect: Measured, t: TFunction, format: Format): string {
  const { outcome, unit, total, total_low: low, total_high: high } = effect;
  const size = Math.abs(total);
  const said = t(`effect.${total < 0 ? "fewer" : "more"}.${outcome}`, {
    count: Math.round(size),
    shown: format.number(size),
    unit,
  });
  if (low === null || high === null) return t("effect.early", { said });
  if (low <= 0 && high >= 0) return t("effect.unclear", { said, low: format.number(low), high: format.number(high) });
  // Of fewer orders, the bounds are how many fewer.
  const [least, most] = [Math.abs(low), Math.abs(high)].sort((one, other) => one - other);
  return t("effect.between", { said, low: format.number(least), high: format.number(most) });
}
