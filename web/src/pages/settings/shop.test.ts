import { describe, expect, it } from "vitest";
import type { ShopSettings } from "../../api/names";
import { changeOf, draftOf, isSame } from "./shop";

const USUAL = {
  most_a_day: 1,
  most_a_week: 3,
  quiet_hours: { start: "21:00:00", end: "09:00:00" },
  time_zone: "UTC",
};
const SETTINGS: ShopSettings = {
  version: 4,
  changed_by: "anna@shop.example",
  changed_at: "2025-03-01T10:00:00Z",
  ...USUAL,
  most_a_day: 2,
  currency: "EUR",
  environment: USUAL,
  changed: ["most_a_day"],
  topics: [],
  money: { base: "EUR", shown: "USD", rate: 0.92, rate_day: "2025-02-28" },
  currencies: ["EUR", "USD"],
};

describe("changeOf", () => {
  it("sends what differs, and the version that was seen", () => {
    const draft = draftOf(SETTINGS);
    expect(isSame(SETTINGS, draft)).toBe(true);
    expect(changeOf(SETTINGS, draft)).toEqual({ version: 4 });
    expect(changeOf(SETTINGS, { ...draft, most_a_week: "5", end: "10:30" })).toEqual({
      version: 4,
      most_a_week: 5,
      quiet_hours: { start: "21:00", end: "10:30" },
    });
  });

  it("leaves to the environment what is as the environment says", () => {
    expect(changeOf(SETTINGS, { ...draftOf(SETTINGS), most_a_day: "1", currency: "EUR" })).toEqual({
      version: 4,
      most_a_day: null,
      currency: null,
    });
  });
});
