import { describe, expect, it } from "vitest";
import { draftOf, EMPTY, KINDS, toTrigger } from "./draft";

describe("a trigger", () => {
  it("comes back to its form as it was written, for each kind of rule", () => {
    for (const kind of KINDS) {
      const draft = { ...EMPTY, name: "Cart", kind, amount: kind === "first_order" ? "" : "30", english: "Hello" };
      expect(draftOf(toTrigger(draft))).toEqual(draft);
    }
  });

  it("takes percents as shares", () => {
    const made = toTrigger({ ...EMPTY, kind: "churn_risk", amount: "70", controlPercent: "10" });
    expect(made.rule).toEqual({ kind: "churn_risk", above: 0.7 });
    expect(made.control_share).toBe(0.1);
  });
});
