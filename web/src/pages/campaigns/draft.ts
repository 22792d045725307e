/** A campaign as its form holds it, and as the API takes it. */
import type { components } from "../../api/schema";
import type { Audience } from "../../audience/query";

export type NewCampaign = components["schemas"]["NewCampaign"];

export interface Draft {
  name: string;
  topic: NewCampaign["topic"];
  maxUsers: string;
  chooseBy: "value" | "effect";
  english: string;
  russian: string;
  controlPercent: number;
  startsAt: string;
}

export const USUAL_CONTROL = 10;
const EXPLORATION = 0.1;

export function emptyDraft(): Draft {
  return {
    name: "",
    topic: "offers",
    maxUsers: "",
    chooseBy: "value",
    english: "",
    russian: "",
    controlPercent: USUAL_CONTROL,
    startsAt: "",
  };
}

/** What the form begins with: the share to hold out that the address asks for, as links to here do. */
export function draftFrom(search: URLSearchParams): Draft {
  const percent = Number(search.get("control") ?? Number.NaN);
  const isShare = Number.isInteger(percent) && percent >= 0 && percent <= 90;
  return { ...emptyDraft(), controlPercent: isShare ? percent : USUAL_CONTROL };
}

/** The audience with the limit that the form has, if it has one. */
export function limited(audience: Audience, { maxUsers, chooseBy }: Pick<Draft, "maxUsers" | "chooseBy">): Audience {
  if (!maxUsers || chooseBy === "effect") return audience;
  return {
    ...audience,
    targets: { by: "expected_value", max_users: Number(maxUsers), cost_per_contact: 0, budget: null },
  };
}

export function toCampaign(draft: Draft, audience: Audience): NewCampaign {
  const texts: Record<string, string> = {};
  if (draft.english) texts.en = draft.english;
  if (draft.russian) texts.ru = draft.russian;
  return {
    name: draft.name,
    topic: draft.topic,
    is_transactional: false,
    control_share: draft.controlPercent / 100,
    audience: limited(audience, draft),
    variants: [{ name: "message", share: 1, texts, button: null }],
    // A browser's time without a zone is the reader's own.
    starts_at: draft.startsAt ? new Date(draft.startsAt).toISOString() : null,
    most_a_minute: null,
    exploration_share: EXPLORATION,
    most_by_effect: draft.maxUsers && draft.chooseBy === "effect" ? Number(draft.maxUsers) : null,
  };
}

/** A template's text without its variables, which campaigns do not fill in: the author puts something in their place. */
export function withoutVariables(text: string): string {
  return text
    .replace(/\{%.*?%\}/gs, "")
    .replace(/,?[ \t]*\{\{.*?\}\}/gs, "")
    .trim();
}
