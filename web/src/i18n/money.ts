/**
 * In which currency pages show money. Amounts of the API are in the base currency; one rate, the newest, turns all of them,
 * also those of long ago.
 */
import { useSyncExternalStore } from "react";
import type { components } from "../api/schema";

export type Money = components["schemas"]["Money"];

/** Before anything is known: numbers without a currency. */
export const PLAIN: Money = { base: null, shown: null, rate: 1, rate_day: null };

const listeners = new Set<() => void>();
let current = PLAIN;

export function showMoneyIn(money: Money): void {
  current = money;
  for (const listener of listeners) listener();
}

export function useMoney(): Money {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => current,
  );
}
