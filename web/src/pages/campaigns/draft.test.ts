import { describe, expect, it } from "vitest";
import { draftFrom, toCampaign } from "./draft";

describe("a draft", () => {
  it("takes the filters of a list of users", () => {
    const draft = draftFrom(new URLSearchParams("risk=high&segment=Loyal&min_expected_value=10"));
    expect(toCampaign({ ...draft, name: "Back", english: "Hello" })).toMatchObject({
      name: "Back",
      control_share: 0.5,
      audience: { filter: { risk: "high", segment: "Loyal", min_expected_value: 10 }, targets: null },
      variants: [{ texts: { en: "Hello" } }],
    });
  });

  it("is for everybody without a filter, and for the best with a limit", () => {
    const draft = draftFrom(new URLSearchParams());
    expect(toCampaign(draft).audience.filter).toBeNull();
    expect(toCampaign({ ...draft, maxUsers: "500" }).audience.targets).toMatchObject({ max_users: 500 });
  });
});
