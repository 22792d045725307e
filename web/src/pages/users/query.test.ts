import { describe, expect, it } from "vitest";
import { changed, queryFrom } from "./query";

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
