/** Whose days and weeks reports count: the shop's, unless somebody chose others, which are kept in the browser. */
import { useSyncExternalStore } from "react";
import type { components } from "../api/schema";

export interface Calendar {
  time_zone: string;
  week_starts_on: components["schemas"]["Weekday"];
}

export const ZONES = ["UTC", ...Intl.supportedValuesOf("timeZone")];

const KEPT = "calendar";
const listeners = new Set<() => void>();
let usual: Calendar = { time_zone: "UTC", week_starts_on: "monday" };
let chosen = read();
let calendar: Calendar = { ...usual, ...chosen };

function read(): Partial<Calendar> {
  try {
    return JSON.parse(localStorage.getItem(KEPT) ?? "{}") as Partial<Calendar>;
  } catch {
    return {};
  }
}

function tell(): void {
  calendar = { ...usual, ...chosen };
  for (const listener of listeners) listener();
}

export function chooseCalendar(change: Partial<Calendar>): void {
  chosen = { ...chosen, ...change };
  localStorage.setItem(KEPT, JSON.stringify(chosen));
  tell();
}

/** What holds where somebody has chosen nothing. */
export function followShop(time_zone: string): void {
  if (time_zone === usual.time_zone) return;
  usual = { ...usual, time_zone };
  tell();
}

export function useCalendar(): Calendar {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => calendar,
  );
}

/** The day so many days after another, both as in 2024-02-29. */
export function daysAfter(day: string, days: number): string {
  const moment = new Date(`${day}T00:00:00Z`);
  moment.setUTCDate(moment.getUTCDate() + days);
  return moment.toISOString().slice(0, 10);
}
