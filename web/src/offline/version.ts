/** The service worker, and whether a newer version of the pages waits. */
import { useSyncExternalStore } from "react";

const EVERY = 60 * 60_000;
let waiting: ServiceWorker | null = null;
const listeners = new Set<() => void>();

/** Registers the worker once the page has loaded, and looks for a newer one each hour. */
export function startWorker(): void {
  if (!("serviceWorker" in navigator) || !import.meta.env.PROD) return;
  // The first page needs the network more than the worker does.
  if (document.readyState === "complete") register();
  else addEventListener("load", register, { once: true });
}

function register(): void {
  navigator.serviceWorker
    .register("/dashboard/service-worker.js", { scope: "/dashboard/", updateViaCache: "none" })
    .then(watch)
    .catch(() => undefined);
}

function watch(registration: ServiceWorkerRegistration): void {
  const look = () => {
    // The first one of all replaces nothing.
    waiting = navigator.serviceWorker.controller === null ? null : registration.waiting;
    for (const listener of listeners) listener();
  };
  registration.addEventListener("updatefound", () => registration.installing?.addEventListener("statechange", look));
  look();
  setInterval(() => void registration.update().catch(() => undefined), EVERY);
}

export function useHasNewVersion(): boolean {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => waiting !== null,
  );
}

/** Lets the newer version begin, and loads it. */
export function takeNewVersion(): void {
  navigator.serviceWorker.addEventListener("controllerchange", () => location.reload(), { once: true });
  waiting?.postMessage({ type: "activate" });
}
