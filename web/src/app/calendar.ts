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
