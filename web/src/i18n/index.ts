/** Languages, and how dates and numbers are written in them. English and Russian; others are added as one file. */
import i18next, { type Resource } from "i18next";
import { useMemo } from "react";
import { initReactI18next, useTranslation } from "react-i18next";
import { type Money, PLAIN, useMoney } from "./money";

export const LANGUAGES = { en: "English", ru: "Русский" } as const;
export type Language = keyof typeof LANGUAGES;

/**
 * The words of a language are loaded when it is chosen. Tests hold that each language has all words. `sentences` are those of
 * the API, which says them in English itself.
 */
const WORDS: Record<Language, () => Promise<Bundles>> = {
  en: async () => ({ translation: (await import("./en.json")).default }),
  ru: async () => {
    const [words, sentences] = await Promise.all([import("./ru.json"), import("./sentences.ru.json")]);
    return { translation: words.default, sentences: sentences.default };
  },
};
type Bundles = Record<string, object>;
const KEPT = "language";

export async function startLanguages(): Promise<void> {
  const asked = localStorage.getItem(KEPT) ?? navigator.language;
  const language: Language = asked.startsWith("ru") ? "ru" : "en";
  const words = await WORDS[language]();
  await i18next.use(initReactI18next).init({
    resources: { [language]: words as Resource[string] },
    lng: language,
    fallbackLng: false,
    // React escapes what it shows.
    interpolation: { escapeValue: false },
  });
}

export async function chooseLanguage(language: Language): Promise<void> {
  localStorage.setItem(KEPT, language);
  if (!i18next.hasResourceBundle(language, "translation")) {
    for (const [name, words] of Object.entries(await WORDS[language]()))
      i18next.addResourceBundle(language, name, words);
  }
  await i18next.changeLanguage(language);
}

export interface Format {
  number: (value: number | null | undefined, digits?: number) => string;
  share: (value: number | null | undefined, digits?: number) => string;
  /** An amount of the base currency, in the currency that pages show. */
  money: (value: number | null | undefined, digits?: number) => string;
  /** The same as a number, and what the number is of: for axes and tables. */
  amount: <Value extends number | null>(value: Value) => Value;
  inCurrency: (label: string) => string;
  change: (value: number | null | undefined) => string;
  day: (value: string | null | undefined) => string;
  moment: (value: string | null | undefined) => string;
}

const NONE = "–";

/** How values are written in the chosen language. What is not known is a dash. Moments are in the reader's zone. */
export function useFormat(): Format {
  const { i18n } = useTranslation();
  const money = useMoney();
  return useMemo(() => formatIn(i18n.language, money), [i18n.language, money]);
}

/** Making one takes longer than writing a hundred numbers with it, and a table asks for thousands. */
const numbers = new Map<string, Intl.NumberFormat>();
const dates = new Map<string, Intl.DateTimeFormat>();

function numberIn(language: string, options: Intl.NumberFormatOptions): Intl.NumberFormat {
  return kept(numbers, `${language} ${JSON.stringify(options)}`, () => new Intl.NumberFormat(language, options));
}

function dateIn(language: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  return kept(dates, `${language} ${JSON.stringify(options)}`, () => new Intl.DateTimeFormat(language, options));
}

function kept<Made>(made: Map<string, Made>, key: string, make: () => Made): Made {
  const there = made.get(key) ?? make();
  made.set(key, there);
  return there;
}

export function formatIn(language: string, money: Money = PLAIN): Format {
  const number = (value: number | null | undefined, options: Intl.NumberFormatOptions) =>
    value === null || value === undefined ? NONE : numberIn(language, options).format(value);
  const date = (value: string | null | undefined, options: Intl.DateTimeFormatOptions) =>
    value === null || value === undefined ? NONE : dateIn(language, options).format(new Date(value));
  return {
    number: (value, digits = 0) => number(value, { maximumFractionDigits: digits, minimumFractionDigits: digits }),
    share: (value, digits = 0) =>
      number(value, { style: "percent", maximumFractionDigits: digits, minimumFractionDigits: digits }),
    money: (value, digits = 0) =>
      number(typeof value === "number" ? value / money.rate : value, {
        ...(money.shown === null ? {} : { style: "currency", currency: money.shown, currencyDisplay: "narrowSymbol" }),
        maximumFractionDigits: digits,
        minimumFractionDigits: digits,
      }),
    amount: (value) => (value === null ? value : ((value / money.rate) as typeof value)),
    inCurrency: (label) => (money.shown === null ? label : `${label}, ${money.shown}`),
    change: (value) => number(value, { style: "percent", maximumFractionDigits: 1, signDisplay: "exceptZero" }),
    // A day is a day wherever it is read.
    day: (value) => date(value, { dateStyle: "medium", timeZone: "UTC" }),
    moment: (value) => date(value, { dateStyle: "medium", timeStyle: "short" }),
  };
}
