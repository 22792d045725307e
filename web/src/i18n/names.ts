/**
 * Segments, features and reasons in the reader's language. The API says them in English; the words of another language are
 * found by the names that stay the same: a feature's name in the catalogue, and the fixed words of which segments' names
 * are made. What is not known here is said as the API says it.
 */
import { useTranslation } from "react-i18next";
import type { Reason } from "../api/names";
import { formatIn } from "./index";
import russian from "./names.ru.json";

type Dictionary = Record<string, string>;

const FEATURES: Dictionary = russian.features;
const SEGMENTS: Dictionary = russian.segments;
const FAMILIES: Dictionary = russian.words.families;
const UNITS: Dictionary = russian.words.units;
const OUTCOMES: Dictionary = russian.words.outcomes;
const WORDS = russian.words;
const ADVICE: Dictionary = russian.advice;

export interface Names {
  segment: (name: string) => string;
  feature: (name: string, label: string) => string;
  family: (name: string) => string;
  unit: (name: string) => string;
  reason: (model: string, reason: Reason) => string;
  advice: (text: string) => string;
}

export function useNames(): Names {
  const { i18n } = useTranslation();
  return namesIn(i18n.language);
}

export function namesIn(language: string): Names {
  if (language !== "ru") {
    return {
      segment: (name) => name,
      feature: (_, label) => label,
      family: (name) => name,
      unit: (name) => name,
      reason: (_, reason) => reason.text,
      advice: (text) => text,
    };
  }
  return {
    segment: russianSegment,
    feature: (name, label) => FEATURES[name] ?? label,
    family: (name) => FAMILIES[name] ?? name,
    unit: (name) => UNITS[name] ?? name,
    reason: russianReason,
    // A marketer may have changed a sentence in `ml/advice.yml`: that one is said as it stands there.
    advice: (text) => ADVICE[text] ?? text,
  };
}

/** As in "Active loyal buyers, high spend and newer": a stage, a kind, and what tells segments of one name apart. */
function russianSegment(name: string): string {
  if (SEGMENTS[name] !== undefined) return SEGMENTS[name];
  const [base = "", details] = name.split(", ");
  const [stage = "", ...rest] = base.split(" ");
  const kind = rest.join(" ");
  if (SEGMENTS[stage] === undefined || SEGMENTS[kind] === undefined) return name;
  const told = details?.split(" and ").map((detail) => detailIn(detail));
  if (told?.includes(null)) return name;
  const said = `${SEGMENTS[stage]} ${SEGMENTS[kind]}`;
  return told === undefined ? said : `${said}, ${told.join(` ${WORDS.and} `)}`;
}

function detailIn(detail: string): string | null {
  const number = /^group (\d+)$/.exec(detail)?.[1];
  return number === undefined ? (SEGMENTS[detail] ?? null) : `${WORDS.group} ${number}`;
}

/**
 * As in "orders in the last 30 days: 2 (typically 1); raises the probability of a purchase", or of a segment, "orders in the
 * last 90 days: 24 (this segment 7, all users 0)".
 */
function russianReason(model: string, reason: Reason): string {
  const label = FEATURES[reason.feature];
  if (label === undefined) return reason.text;
  const beside = /: (.+) \(this segment (.+), all users (.+)\)$/.exec(reason.text);
  if (beside !== null) {
    const [own = "", segment = "", all = ""] = beside.slice(1).map(inRussian);
    return `${label}: ${own} (${WORDS.thisSegment} ${segment}, ${WORDS.allUsers} ${all})`;
  }
  const outcome = OUTCOMES[model];
  const effect = /; (raises|lowers) /.exec(reason.text)?.[1] as "raises" | "lowers" | undefined;
  if (outcome === undefined || effect === undefined) return reason.text;
  const isDays = /^[^:]*: (never|[\d.,-]+ days)/.test(reason.text);
  const isShare = /^[^:]*: -?[\d.,]+%/.test(reason.text);
  const format = formatIn("ru");
  const value =
    reason.value === null
      ? WORDS[isDays ? "never" : "none"]
      : isShare
        ? format.share(reason.value)
        : `${format.number(reason.value, digitsOf(reason.value))}${isDays ? ` ${WORDS.days}` : ""}`;
  const usual = /\(typically (-?[\d.,]+%?)/.exec(reason.text)?.[1];
  const typically = usual === undefined ? "" : ` (${WORDS.typically} ${usual}${isDays ? ` ${WORDS.days}` : ""})`;
  return `${label}: ${value}${typically}; ${WORDS[effect]} ${outcome}`;
}

/** A value of the English text, such as "1,426", "3.84 days", "26%" or "never". */
function inRussian(value: string): string {
  if (value === "never") return WORDS.never;
  if (value === "none") return WORDS.none;
  const [, number, unit = ""] = /^(-?[\d,]+(?:\.\d+)?)(%| days?)?$/.exec(value) ?? [];
  if (number === undefined) return value;
  const parsed = Number(number.replaceAll(",", ""));
  const digits = number.split(".")[1]?.length ?? 0;
  const format = formatIn("ru");
  if (unit === "%") return format.share(parsed / 100, digits);
  return `${format.number(parsed, digits)}${unit === "" ? "" : ` ${WORDS.days}`}`;
}

function digitsOf(value: number): number {
  return Number.isInteger(value) || Math.abs(value) >= 100 ? 0 : 2;
}
