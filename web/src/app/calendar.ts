/** Whose days and weeks reports count: kept in the browser. */
import { useSyncExternalStore } from "react";
import type { components } from "../api/schema";

export interface Calendar {
  time_zone: string;
  week_starts_on: components["schemas"]["Weekday"];
}

const KEPT = "calendar";
const listeners = new Set<() => void>();
let chosen = read();

function read(): Calendar {
  const usual: Calendar = { time_zone: "UTC", week_starts_on: "monday" };
  try {
    return { ...usual, ...(JSON.parse(localStorage.getItem(KEPT) ?? "{}") as Partial<Calendar>) };
  } catch {
    return usual;
  }
}

export function chooseCalendar(change: Partial<Calendar>): void {
  chosen = { ...chosen, ...change };
  localStorage.setItem(KEPT, JSON.stringify(chosen));
  for (const listener of listeners) listener();
}

export function useCalendar(): Calendar {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => chosen,
  );
}

/** The day so many days after another, both as in 2024-02-29. */
export function daysAfter(day: string, days: number): string {
  const moment = new Date(`${day}T00:00:00Z`);
  moment.setUTCDate(moment.getUTCDate() + days);
  return moment.toISOString().slice(0, 10);
}
