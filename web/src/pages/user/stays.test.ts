import { describe, expect, it } from "vitest";
import { stays } from "./stays";

const said = (as_of: string, segment: string, kind: "score" | "prediction" = "score") => ({
  made_at: `${as_of}T05:00:00Z`,
  kind,
  model: "segmentation",
  model_version: 1,
  as_of,
  horizon_days: null,
  probability: null,
  segment,
  basis: "model" as const,
  has_purchased: null,
  is_churned: null,
});

describe("stays", () => {
  it("joins days in one segment, and counts a return as a stay of its own", () => {
    const answers = [
      said("2024-03-04", "loyal"),
      said("2024-03-03", "new"),
      said("2024-03-02", "loyal"),
      said("2024-03-01", "loyal"),
      said("2024-03-05", "other", "prediction"),
    ];
    expect(stays(answers).map(({ segment, from, until, days }) => [segment, from, until, days])).toEqual([
      ["loyal", "2024-03-04", "2024-03-04", 1],
      ["new", "2024-03-03", "2024-03-03", 1],
      ["loyal", "2024-03-01", "2024-03-02", 2],
    ]);
  });

  it("takes the newest of several answers about one day", () => {
    expect(stays([said("2024-03-01", "new"), said("2024-03-01", "old")])[0]?.segment).toBe("new");
  });
});
