import { describe, expect, it } from "vitest";
import { changedFields, columnOf } from "./repair";

describe("a repair", () => {
  it("says only what differs from the row", () => {
    const row = { user_id: "7", event_type: null, occurred_at: "the other day" };
    const form = { user_id: "7", event_type: "", occurred_at: "2025-01-07", amount: "" };
    expect(changedFields(row, form)).toEqual({ occurred_at: "2025-01-07" });
  });

  it("begins with the column that the reason names", () => {
    expect(columnOf("occurred_at is not a time")).toBe("occurred_at");
    expect(columnOf("the row is not UTF-8 text")).toBe("event_type");
  });
});
