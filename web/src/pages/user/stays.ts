/** Answers of the segmentation as stays in segments. */
import type { components } from "../../api/schema";

type PastAnswer = components["schemas"]["PastAnswer"];

export interface Stay {
  segment: string;
  /** The first and the last scored day. */
  from: string;
  until: string;
  days: number;
}

/** Batch scores, one a day (of several, the newest), joined while the segment is the same; the newest stay first. */
export function stays(answers: readonly PastAnswer[]): Stay[] {
  const byDay = new Map<string, string>();
  for (const { kind, as_of, segment } of answers) {
    if (kind === "score" && as_of !== null && segment !== null && !byDay.has(as_of)) byDay.set(as_of, segment);
  }
  const found: Stay[] = [];
  for (const [day, segment] of [...byDay].sort(([one], [other]) => one.localeCompare(other))) {
    const last = found.at(-1);
    if (last?.segment === segment) {
      last.until = day;
      last.days += 1;
    } else {
      found.push({ segment, from: day, until: day, days: 1 });
    }
  }
  return found.reverse();
}
