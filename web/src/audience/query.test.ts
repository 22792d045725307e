import { describe, expect, it } from "vitest";
import { audienceFrom, changed, queryFrom, usersPath } from "./query";

describe("queryFrom", () => {
  it("reads filters and leaves out what is empty or no number", () => {
    const search = new URLSearchParams("segment=loyal&min_expected_value=10&min_churn_probability=x&search=");
    expect(queryFrom(search)).toEqual({
      sort: "expected_value",
      order: "desc",
      segment: "loyal",
      min_expected_value: 10,
    });
  });
});

describe("changed", () => {
  it("sets and takes away without touching the address it was given", () => {
    const before = new URLSearchParams("risk=high&sort=user_id");
    expect(changed(before, { risk: "", segment: "a b" }).toString()).toBe("sort=user_id&segment=a+b");
    expect(before.toString()).toBe("risk=high&sort=user_id");
  });
});

describe("audienceFrom", () => {
  it("means everybody whom the list holds: filters and rules, without the order", () => {
    const rules = { match: "any", conditions: [{ kind: "number", name: "orders_90d", least: 2, most: null }] };
    const search = new URLSearchParams({ segment: "Loyal", recency_score: "4", sort: "user_id" });
    search.set("rules", JSON.stringify(rules));
    expect(audienceFrom(search)).toEqual({
      filter: { segment: "Loyal", recency_score: 4 },
      rules,
      list_id: null,
      targets: null,
    });
    expect(audienceFrom(new URLSearchParams("rules={broken"))).toMatchObject({ filter: null, rules: null });
  });
});

describe("usersPath", () => {
  it("leads to the people behind a cell", () => {
    expect(usersPath({ did: "viewed", did_not: "bought", from_day: "2024-02-01" })).toBe(
      "/users?did=viewed&did_not=bought&from_day=2024-02-01",
    );
  });
});
