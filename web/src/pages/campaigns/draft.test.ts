import { describe, expect, it } from "vitest";
import { audienceFrom } from "../../audience/query";
import { draftFrom, toCampaign, withoutVariables } from "./draft";

describe("a draft", () => {
  it("takes the filters of a list of users, and the share that its link holds out", () => {
    const search = new URLSearchParams("risk=high&segment=Loyal&min_expected_value=10&control=50");
    const draft = draftFrom(search);
    expect(toCampaign({ ...draft, name: "Back", english: "Hello" }, audienceFrom(search))).toMatchObject({
      name: "Back",
      control_share: 0.5,
      audience: { filter: { risk: "high", segment: "Loyal", min_expected_value: 10 }, targets: null },
      variants: [{ texts: { en: "Hello" } }],
    });
  });

  it("is for everybody without a filter, and for the best with a limit", () => {
    const everybody = audienceFrom(new URLSearchParams());
    const draft = draftFrom(new URLSearchParams());
    expect(draft.controlPercent).toBe(10);
    expect(toCampaign(draft, everybody).audience.filter).toBeNull();
    expect(toCampaign({ ...draft, maxUsers: "500" }, everybody).audience.targets).toMatchObject({ max_users: 500 });
  });

  it("is for those whom a message changes most where that is chosen", () => {
    const draft = { ...draftFrom(new URLSearchParams()), maxUsers: "500", chooseBy: "effect" as const };
    const campaign = toCampaign(draft, audienceFrom(new URLSearchParams()));
    expect(campaign.most_by_effect).toBe(500);
    expect(campaign.audience.targets).toBeNull();
    expect(toCampaign({ ...draft, chooseBy: "value" }, audienceFrom(new URLSearchParams())).most_by_effect).toBeNull();
  });

  it("holds out no share that the API would refuse", () => {
    expect(draftFrom(new URLSearchParams("control=95")).controlPercent).toBe(10);
  });
});

describe("a template's text", () => {
  it("loses its variables, and the comma before a name", () => {
    expect(withoutVariables("Thank you, {{ first_name }}!\n{% if orders_total %}Again{% endif %}")).toBe(
      "Thank you!\nAgain",
    );
  });
});
