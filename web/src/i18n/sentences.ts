/**
 * Sentences that the API says in English, in the reader's language: why it refused, why rows are held back, what checks of new
 * events found. The English sentence is the key, with `{}` where a figure or a name stands, and `{1}` puts it into the other
 * language. A test of the API (tests/backend/test_sentences.py) holds that each of its sentences has a translation. What is
 * not known here is said as the API says it.
 */
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { type Format, formatIn } from "./index";
import { written } from "./told";

export type Sentences = Readonly<Record<string, string>>;
/** Where i18next keeps them, beside the words of pages. */
export const SENTENCES = "sentences";

const NONE: Sentences = {};
const JOINED = "; ";
/** "user_id is missing", and of a check, "amount is above 10 from web": what is said of a column stands without it. */
const OF_COLUMN = /^([\w.`[\]]+) (.+?)(?: from (telegram|web|mobile|import))?$/s;

export function useSaid(): (text: string) => string {
  const { i18n } = useTranslation();
  return useMemo(() => {
    const sentences: Sentences = i18n.getResourceBundle(i18n.language, SENTENCES) ?? NONE;
    return (text) => saidIn(text, sentences, formatIn(i18n.language));
  }, [i18n, i18n.language]);
}

export function saidIn(text: string, sentences: Sentences, format: Format): string {
  return translated(text, sentences, format) ?? text;
}

/** Null where the sentence is not known. */
function translated(text: string, sentences: Sentences, format: Format): string | null {
  if (Object.hasOwn(sentences, text)) return sentences[text] ?? null;
  const parts = text.split(JOINED);
  if (parts.length > 1) {
    const said = parts.map((part) => translated(part, sentences, format));
    if (said.every((part) => part !== null)) return said.join(JOINED);
  }
  for (const [pattern, translation] of patternsOf(sentences)) {
    const found = pattern.exec(text);
    if (found === null) continue;
    return translation.replaceAll(/\{(\d)\}/g, (_, place: string) => {
      const part = found[Number(place)] ?? "";
      return written(translated(part, sentences, format) ?? part, format);
    });
  }
  const [, column, sentence, source] = OF_COLUMN.exec(text) ?? [];
  if (sentence === undefined) return null;
  const said = translated(sentence, sentences, format);
  if (said === null) return null;
  return `${column}: ${said}${source === undefined ? "" : ` (${source})`}`;
}

const known = new WeakMap<Sentences, [RegExp, string][]>();

/** Of two sentences that fit, the one with more words of its own says more. */
function patternsOf(sentences: Sentences): [RegExp, string][] {
  let patterns = known.get(sentences);
  if (patterns === undefined) {
    patterns = Object.entries(sentences)
      .filter(([english]) => english.includes("{}"))
      .sort(([one], [other]) => other.length - one.length)
      .map(([english, translation]) => [patternOf(english), translation]);
    known.set(sentences, patterns);
  }
  return patterns;
}

function patternOf(english: string): RegExp {
  const own = english.split("{}").map((part) => part.replaceAll(/[.*+?^$()|[\]\\{}]/g, "\\$&"));
  return new RegExp(`^${own.join("(.+?)")}$`, "s");
}
