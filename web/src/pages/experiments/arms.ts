/** The arms of an experiment on policies, as the form holds them, and the campaign that they make. */
import type { components } from "../../api/schema";

type NewCampaign = components["schemas"]["NewCampaign"];
type Variant = NewCampaign["variants"][number];
type ChosenBy = components["schemas"]["ChosenBy"];

export const WHOM = ["everybody", "effect", "expected_value", "churn_probability", "chance"] as const;
export type WhomChoice = (typeof WHOM)[number];

export interface Arm {
  /** Of the form alone, so that an arm that is removed takes its own fields with it. */
  id: number;
  name: string;
  whom: WhomChoice;
  percent: string;
  hour: string;
  english: string;
  russian: string;
}

export interface Experiment {
  name: string;
  topic: NewCampaign["topic"];
  controlPercent: string;
  arms: Arm[];
}

export const MOST_ARMS = 10;
const ARM = { percent: "20", hour: "", english: "", russian: "" };

export const EMPTY: Experiment = {
  name: "",
  topic: "offers",
  controlPercent: "20",
  arms: [
    { ...ARM, id: 1, name: "by-effect", whom: "effect" },
    { ...ARM, id: 2, name: "by-chance", whom: "chance" },
  ],
};

/** The arms with one more. */
export function withOne(arms: readonly Arm[]): Arm[] {
  const id = Math.max(0, ...arms.map((arm) => arm.id)) + 1;
  return [...arms, { ...ARM, id, name: `policy-${id}`, whom: "everybody" }];
}

export function toCampaign({ name, topic, controlPercent, arms }: Experiment): NewCampaign {
  return {
    name,
    topic,
    is_transactional: false,
    control_share: Number(controlPercent) / 100,
    audience: {},
    variants: arms.map(toVariant),
    starts_at: null,
    most_a_minute: null,
    most_by_effect: null,
    exploration_share: 0.1,
  };
}

function toVariant(arm: Arm): Variant {
  const texts: Record<string, string> = {};
  if (arm.english) texts.en = arm.english;
  if (arm.russian) texts.ru = arm.russian;
  const by: ChosenBy | null = arm.whom === "everybody" ? null : arm.whom;
  return {
    name: arm.name,
    share: 1,
    texts,
    button: null,
    whom: by === null ? null : { by, share: Number(arm.percent) / 100, rules: null },
    when: arm.hour === "" ? null : { after_hours: 0, at_hour: Number(arm.hour) },
  };
}
