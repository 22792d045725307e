import { describe, expect, it } from "vitest";
import { sizesOf } from "./sizes";

const move = (from: [string, string], to: [string, string], users: number) => ({
  from_as_of: from[0],
  to_as_of: to[0],
  from_segment: from[1],
  to_segment: to[1],
  is_other_model: false,
  users,
  share: null,
});

describe("sizesOf", () => {
  it("adds moves up to sizes, without those who came or went", () => {
    const moves = [
      move(["d1", "a"], ["d2", "a"], 5),
      move(["d1", "a"], ["d2", "b"], 2),
      move(["d1", "b"], ["d2", "gone"], 1),
      move(["d1", "new"], ["d2", "b"], 9),
      move(["d2", "a"], ["d3", "b"], 5),
      move(["d2", "b"], ["d3", "b"], 11),
    ];
    expect(sizesOf(moves)).toEqual({
      days: ["d1", "d2", "d3"],
      segments: [
        { name: "b", users: [1, 11, 16] },
        { name: "a", users: [7, 5, 0] },
      ],
    });
  });

  it("is empty before anything was scored", () => {
    expect(sizesOf([])).toEqual({ days: [], segments: [] });
  });
});
