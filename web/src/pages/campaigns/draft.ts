/** A campaign as its form holds it, and as the API takes it. */
import type { components } from "../../api/schema";
import { queryFrom } from "../users/query";

export type NewCampaign = components["schemas"]["NewCampaign"];

export interface Draft {
  name: string;
  topic: NewCampaign["topic"];
  segment: string;
  risk: "" | "low" | "medium" | "high";
  minExpectedValue: string;
  maxUsers: string;
  english: string;
  russian: string;
  controlPercent: number;
  startsAt: string;
}

/** What the form begins with: the filters of the address, as the list of users links here with them. */
export function draftFrom(search: URLSearchParams): Draft {
  const query = queryFrom(search);
  return {
    name: "",
    topic: "offers",
    segment: query.segment ?? "",
    risk: query.risk ?? "",
    minExpectedValue: query.min_expected_value?.toString() ?? "",
    maxUsers: "",
    english: "",
    russian: "",
    controlPercent: 50,
    startsAt: "",
  };
}

export function toCampaign(draft: Draft): NewCampaign {
  const texts: Record<string, string> = {};
  if (draft.english) texts.en = draft.english;
  if (draft.russian) texts.ru = draft.russian;
  const filter = {
    ...(draft.segment ? { segment: draft.segment } : {}),
    ...(draft.risk ? { risk: draft.risk } : {}),
    ...(draft.minExpectedValue ? { min_expected_value: Number(draft.minExpectedValue) } : {}),
  };
  return {
    name: draft.name,
    topic: draft.topic,
    is_transactional: false,
    control_share: draft.controlPercent / 100,
    audience: {
      filter: Object.keys(filter).length > 0 ? filter : null,
      list_id: null,
      targets: draft.maxUsers
        ? { by: "expected_value", max_users: Number(draft.maxUsers), cost_per_contact: 0, budget: null }
        : null,
    },
    variants: [{ name: "message", share: 1, texts, button: null }],
    // A browser's time without a zone is the reader's own.
    starts_at: draft.startsAt ? new Date(draft.startsAt).toISOString() : null,
    most_a_minute: null,
  };
}
