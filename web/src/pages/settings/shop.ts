/** The shop's settings as somebody edits them, and what of them has changed. */
import type { ShopSettings } from "../../api/names";
import type { components } from "../../api/schema";

export type ShopChange = components["schemas"]["ShopChange"];

/** As it stands in the fields. */
export interface Draft {
  most_a_day: string;
  most_a_week: string;
  start: string;
  end: string;
  time_zone: string;
  currency: string;
}

type Rules = components["schemas"]["ShopRules"];

function drafted(rules: Rules, currency: string | null): Draft {
  return {
    most_a_day: String(rules.most_a_day),
    most_a_week: String(rules.most_a_week),
    start: rules.quiet_hours.start.slice(0, 5),
    end: rules.quiet_hours.end.slice(0, 5),
    time_zone: rules.time_zone,
    currency: currency ?? "",
  };
}

/** As it holds now. */
export function draftOf(settings: ShopSettings): Draft {
  return drafted(settings, settings.money.shown);
}

/** As the environment says. */
export function usualOf(settings: ShopSettings): Draft {
  return drafted(settings.environment, settings.money.base);
}

export function isSame(settings: ShopSettings, draft: Draft): boolean {
  const now = draftOf(settings);
  return (Object.keys(now) as (keyof Draft)[]).every((name) => now[name] === draft[name]);
}

/** What to send: only what differs. What is as the environment says is left to it (null), and follows it from then on. */
export function changeOf(settings: ShopSettings, draft: Draft): ShopChange {
  const now = draftOf(settings);
  const usual = usualOf(settings);
  const differs = (...names: (keyof Draft)[]) => names.some((name) => now[name] !== draft[name]);
  const isUsual = (...names: (keyof Draft)[]) => names.every((name) => usual[name] === draft[name]);
  const change: ShopChange = { version: settings.version };
  for (const name of ["most_a_day", "most_a_week"] as const) {
    if (differs(name)) change[name] = isUsual(name) ? null : Number(draft[name]);
  }
  if (differs("start", "end")) {
    change.quiet_hours = isUsual("start", "end") ? null : { start: draft.start, end: draft.end };
  }
  for (const name of ["time_zone", "currency"] as const) {
    if (differs(name)) change[name] = isUsual(name) ? null : draft[name];
  }
  return change;
}
