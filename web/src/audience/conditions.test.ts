import { describe, expect, it } from "vitest";
import { emptyCondition, isWhole, KINDS, numberIn } from "./conditions";

describe("a condition", () => {
  it("says nothing as it begins, whatever its kind", () => {
    expect(KINDS.map((kind) => isWhole(emptyCondition(kind)))).toEqual([false, false, false, false]);
  });

  it("is whole with one bound, and with a bound of 0", () => {
    expect(isWhole({ kind: "number", name: "orders_90d", least: 0, most: null })).toBe(true);
  });
});

describe("numberIn", () => {
  it("is null while a field is empty or holds no number", () => {
    expect(["", " ", "-", "0", "2.5"].map(numberIn)).toEqual([null, null, null, 0, 2.5]);
  });
});
