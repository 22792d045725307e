/** A trigger as its form holds it, and as the API takes it. */
import type { components } from "../../api/schema";

export type NewTrigger = components["schemas"]["NewTrigger"];
export type RuleKind = NewTrigger["rule"]["kind"];

export const KINDS: readonly RuleKind[] = ["left_cart", "churn_risk", "first_order", "no_reply"];

export interface Draft {
  name: string;
  topic: NewTrigger["topic"];
  kind: RuleKind;
  /** Minutes, days or percent, by the kind of the rule. */
  amount: string;
  english: string;
  russian: string;
  cooldownDays: string;
  mostADay: string;
  controlPercent: string;
}

export const EMPTY: Draft = {
  name: "",
  topic: "reminders",
  kind: "left_cart",
  amount: "60",
  english: "",
  russian: "",
  cooldownDays: "7",
  mostADay: "1000",
  controlPercent: "10",
};

/** What the amount of a rule begins with. */
export const AMOUNTS: Record<RuleKind, string> = { left_cart: "60", churn_risk: "70", first_order: "", no_reply: "3" };

export function draftOf(trigger: Omit<NewTrigger, "is_transactional">): Draft {
  const { rule } = trigger;
  const texts = trigger.variants[0]?.texts ?? {};
  return {
    name: trigger.name,
    topic: trigger.topic,
    kind: rule.kind,
    amount: amountOf(rule),
    english: texts.en ?? "",
    russian: texts.ru ?? "",
    cooldownDays: String(trigger.cooldown_days),
    mostADay: String(trigger.most_a_day),
    controlPercent: String(Math.round(100 * (trigger.control_share ?? 0))),
  };
}

export function amountOf(rule: NewTrigger["rule"]): string {
  if (rule.kind === "left_cart") return String(rule.after_minutes);
  if (rule.kind === "no_reply") return String(rule.after_days);
  return rule.kind === "churn_risk" ? String(Math.round(100 * rule.above)) : "";
}

export function toTrigger(draft: Draft): NewTrigger {
  const texts: Record<string, string> = {};
  if (draft.english) texts.en = draft.english;
  if (draft.russian) texts.ru = draft.russian;
  return {
    name: draft.name,
    topic: draft.topic,
    is_transactional: false,
    rule: ruleOf(draft),
    variants: [{ name: "message", share: 1, texts, button: null }],
    control_share: Number(draft.controlPercent) / 100,
    cooldown_days: Number(draft.cooldownDays),
    most_a_day: Number(draft.mostADay),
  };
}

function ruleOf({ kind, amount }: Draft): NewTrigger["rule"] {
  if (kind === "left_cart") return { kind, after_minutes: Number(amount) };
  if (kind === "no_reply") return { kind, after_days: Number(amount) };
  if (kind === "churn_risk") return { kind, above: Number(amount) / 100 };
  return { kind };
}
