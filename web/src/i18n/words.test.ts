/// <reference types="vite/client" />
import { describe, expect, it } from "vitest";
import en from "./en.json";
import { formatIn } from "./index";
import ru from "./ru.json";

type Words = { [key: string]: string | Words };

const SOURCES = import.meta.glob<string>("../**/*.tsx", { query: "?raw", import: "default", eager: true });
const PLURAL = /_(one|few|many|other)$/;

function keys(words: Words, before = ""): string[] {
  return Object.entries(words).flatMap(([name, value]) =>
    typeof value === "string" ? [`${before}${name}`.replace(PLURAL, "")] : keys(value, `${before}${name}.`),
  );
}

describe("words", () => {
  it("are the same in both languages", () => {
    expect(new Set(keys(ru))).toEqual(new Set(keys(en)));
  });

  it("are there for every key that a page names", () => {
    const named = Object.values(SOURCES).flatMap((source) =>
      [...source.matchAll(/\b(?:t|label|title)(?:\(|: |=)"([a-z][A-Za-z]*\.[A-Za-z_.]+)"/g)].map(
        (match) => match[1] ?? "",
      ),
    );
    expect(named.length).toBeGreaterThan(100);
    const known = new Set(keys(en));
    expect(named.filter((key) => !known.has(key))).toEqual([]);
  });
});

describe("formatIn", () => {
  it("writes numbers, shares and days as the language does, and a dash for what is not known", () => {
    expect(formatIn("en").number(12345.6, 1)).toBe("12,345.6");
    expect(formatIn("ru").share(0.256, 1)).toBe("25,6\u00a0%");
    expect(formatIn("en").day("2024-02-29")).toBe("Feb 29, 2024");
    expect(formatIn("en").number(null)).toBe("–");
  });

  it("shows amounts of the base currency in another one, at its rate", () => {
    const money = { base: "EUR", shown: "USD", rate: 0.8, rate_day: "2025-02-01" };
    expect(formatIn("en", money).money(1000)).toBe("$1,250");
    expect(formatIn("ru", money).money(1, 2)).toBe("1,25\u00a0$");
    expect(formatIn("en", money).amount(8)).toBe(10);
    expect(formatIn("en", money).inCurrency("Revenue")).toBe("Revenue, USD");
    expect([formatIn("en").money(1000), formatIn("en").inCurrency("Revenue")]).toEqual(["1,000", "Revenue"]);
    expect(formatIn("en", money).money(null)).toBe("–");
  });
});
