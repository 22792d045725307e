/** Sizes of segments on scored days, added up from the moves between them. */
import type { SegmentMove } from "../../api/names";

/** Who is not scored any more, or was not yet, is in no segment. */
const OUTSIDE = new Set(["gone", "new"]);

export interface Sizes {
  /** Scored days, the oldest first. */
  days: string[];
  /** The largest of the newest day first. */
  segments: { name: string; users: number[] }[];
}

export function sizesOf(moves: readonly SegmentMove[]): Sizes {
  const sizes = new Map<string, Map<string, number>>();
  const add = (day: string, segment: string, users: number) => {
    const onDay = sizes.get(day) ?? new Map<string, number>();
    sizes.set(day, onDay);
    if (!OUTSIDE.has(segment)) onDay.set(segment, (onDay.get(segment) ?? 0) + users);
  };
  const ends = new Set(moves.map((move) => move.to_as_of));
  for (const move of moves) {
    add(move.to_as_of, move.to_segment, move.users);
    // Of all days but the first, the size is known from the move that led there.
    if (!ends.has(move.from_as_of)) add(move.from_as_of, move.from_segment, move.users);
  }
  const days = [...sizes.keys()].sort();
  const newest = sizes.get(days.at(-1) ?? "");
  const names = new Set([...sizes.values()].flatMap((onDay) => [...onDay.keys()]));
  const segments = [...names]
    .map((name) => ({ name, users: days.map((day) => sizes.get(day)?.get(name) ?? 0) }))
    .sort((one, other) => (newest?.get(other.name) ?? 0) - (newest?.get(one.name) ?? 0));
  return { days, segments };
}
