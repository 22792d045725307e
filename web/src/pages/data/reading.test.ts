import { describe, expect, it } from "vitest";
import type { FileReading } from "../../api/names";
import { sourceOf, withSource, withWords, wordsOf } from "./reading";

const PLAIN: FileReading = { time_zone: "UTC", minor_units: false, lower_emails: false, sender: "import" };

describe("a reading", () => {
  it("takes a column of the same name unless something else is said", () => {
    expect(sourceOf(PLAIN, "user_id", ["user_id"])).toBe("user_id");
    expect(sourceOf(PLAIN, "user_id", ["visitor"])).toBe("");
    expect(sourceOf(withSource(PLAIN, "user_id", "visitor", ["visitor"]), "user_id", ["visitor"])).toBe("visitor");
  });

  it("says that a column of the same name is left out, and forgets what needs not be said", () => {
    expect(withSource(PLAIN, "amount", "", ["amount"]).columns).toEqual({ amount: "-" });
    expect(withSource(PLAIN, "amount", "", ["total"]).columns).toEqual({});
    expect(withSource(PLAIN, "amount", "amount", ["amount"]).columns).toEqual({});
  });

  it("keeps words that are whole", () => {
    const said = withWords(PLAIN, [
      ["bought", "purchase"],
      ["", "view"],
      ["looked", ""],
    ]);
    expect(wordsOf(said)).toEqual([["bought", "purchase"]]);
    expect(withWords(said, []).values).toEqual({});
  });
});
