import { describe, expect, it } from "vitest";
import { queryOf, USUAL } from "./plan";

describe("a plan", () => {
  it("is asked for in shares", () => {
    expect(queryOf(USUAL)).toEqual({
      base: 0.05,
      effect: 0.01,
      control_share: 0.2,
      variants: 1,
      window_days: 14,
      users_a_week: 2000,
    });
    expect(queryOf({ ...USUAL, aWeek: "" })).not.toHaveProperty("users_a_week");
  });

  it("is not asked for while the form makes no question", () => {
    for (const change of [{ base: "" }, { effect: "0" }, { effect: "-5" }, { control: "95" }, { variants: "1.5" }])
      expect(queryOf({ ...USUAL, ...change })).toBeNull();
  });
});
