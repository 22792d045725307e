/** An experiment to plan, as its form holds it, in percent, and as the API takes it, in shares. */
import type { operations } from "../../api/schema";

export type PlanQuery = NonNullable<operations["get_plan"]["parameters"]["query"]>;

export const FIELDS = ["base", "effect", "control", "variants", "window", "aWeek"] as const;
export type Plan = Record<(typeof FIELDS)[number], string>;

export const USUAL: Plan = { base: "5", effect: "1", control: "20", variants: "1", window: "14", aWeek: "2000" };

/** The question, or null while the form does not make one. */
export function queryOf(plan: Plan): PlanQuery | null {
  const [base, effect, control, variants, window] = [
    plan.base,
    plan.effect,
    plan.control,
    plan.variants,
    plan.window,
  ].map(Number) as [number, number, number, number, number];
  const isWhole = Number.isInteger(variants) && Number.isInteger(window);
  const isPossible = base > 0 && base < 100 && effect !== 0 && base + effect > 0 && base + effect < 100;
  if (!isWhole || !isPossible || variants < 1 || variants > 10 || window < 1 || window > 90) return null;
  if (!(control >= 1 && control <= 90)) return null;
  const aWeek = Number(plan.aWeek);
  return {
    base: base / 100,
    effect: effect / 100,
    control_share: control / 100,
    variants,
    window_days: window,
    ...(plan.aWeek && Number.isInteger(aWeek) && aWeek > 0 ? { users_a_week: aWeek } : {}),
  };
}
