import i18next from "i18next";
import { beforeAll, describe, expect, it } from "vitest";
import { formatIn } from "../../i18n";
import en from "../../i18n/en.json";
import ru from "../../i18n/ru.json";
import { effectInWords, type Measured } from "./effectWords";

const orders = (total: number, low: number | null, high: number | null): Measured => ({
  outcome: "orders",
  unit: "orders",
  total,
  total_low: low,
  total_high: high,
});

function says(effect: Measured, language: "en" | "ru"): string {
  return effectInWords(effect, i18next.getFixedT(language), formatIn(language));
}

describe("effectInWords", () => {
  beforeAll(async () => {
    await i18next.init({ resources: { en: { translation: en }, ru: { translation: ru } }, lng: "en" });
  });

  it("says how many more, and between which bounds", () => {
    expect(says(orders(12.2, 3.1, 21.4), "en")).toBe("12 more orders, between 3 and 21.");
    expect(says(orders(1, 1, 1), "en")).toBe("1 more order, between 1 and 1.");
    expect(says(orders(-5, -9, -1), "en")).toBe("5 fewer orders, between 1 and 9.");
    expect(says(orders(12, 3, 21), "ru")).toBe("На 12 заказов больше, от 3 до 21.");
    expect(says(orders(2, 1, 3), "ru")).toBe("На 2 заказа больше, от 1 до 3.");
  });

  it("says so where bounds hold both signs, and where it is too early for bounds", () => {
    expect(says(orders(2, -4, 9), "en")).toContain("is not clear");
    expect(says(orders(2, null, null), "en")).toContain("Too early");
  });
});
