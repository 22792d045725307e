import { describe, expect, it } from "vitest";
import { EMPTY, toCampaign, withOne } from "./arms";

describe("an experiment on policies", () => {
  it("is a campaign whose variants say whom and when", () => {
    const arms = EMPTY.arms.map((arm) => ({ ...arm, english: "Hello" }));
    const evening = { ...arms[0], id: 3, name: "evening", whom: "everybody" as const, hour: "19" };
    const campaign = toCampaign({ ...EMPTY, name: "Whom", arms: [...arms, evening] as typeof arms });
    expect(campaign.control_share).toBe(0.2);
    expect(campaign.variants).toMatchObject([
      { name: "by-effect", whom: { by: "effect", share: 0.2 }, when: null },
      { name: "by-chance", whom: { by: "chance", share: 0.2 }, when: null },
      { name: "evening", whom: null, when: { at_hour: 19 } },
    ]);
  });

  it("gives each arm a name of its own", () => {
    const names = withOne(withOne(EMPTY.arms)).map((arm) => arm.name);
    expect(new Set(names).size).toBe(4);
  });
});
