import { describe, expect, it } from "vitest";
import { worded } from "./words";

describe("worded", () => {
  it("counts as the language does", () => {
    const body = (count: number, language: string) =>
      worded({ topic: "early_warning", notice_id: 1, count, language }).body;
    expect(body(1, "en")).toBe("1 user has a high risk of leaving");
    expect(body(1200, "en")).toBe("1,200 users have a high risk of leaving");
    expect([1, 3, 5, 21].map((count) => body(count, "ru").split(" ")[1])).toEqual([
      "пользователь,",
      "пользователя,",
      "пользователей,",
      "пользователь,",
    ]);
  });

  it("leads to the cause", () => {
    const { path } = worded({ topic: "campaign", notice_id: 2, campaign_id: "c", language: "en" });
    expect(path).toBe("/dashboard/campaigns/c");
  });
});
