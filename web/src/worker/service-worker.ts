/**
 * The service worker of the pages: the built files for a start without a network, and messages by push.
 *
 * It keeps files only. Answers of the API are kept by the page (`offline/kept`), which knows whose they are.
 */
import { type Message, worded } from "./words";

declare const self: ServiceWorkerGlobalScope;

/** Put in by the build (`vite.config.ts`): every file of it, and a name for all of them together. */
const FILES = JSON.parse("__FILES__") as string[];
const CACHE = "pages-__VERSION__";
const SHELL = "/dashboard/";

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll([SHELL, ...FILES])));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(
    caches
      .keys()
      .then((names) => names.filter((name) => name.startsWith("pages-") && name !== CACHE))
      .then((old) => Promise.all(old.map((name) => caches.delete(name))))
      .then(() => self.clients.claim()),
  );
});

// A new version waits until somebody agrees: a page must not lose its files while it is open.
self.addEventListener("message", ({ data }) => {
  if ((data as { type?: string } | null)?.type === "activate") void self.skipWaiting();
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (origin !== self.location.origin || request.method !== "GET") return;
  if (request.mode === "navigate") event.respondWith(fetch(request).catch(() => shell()));
  else if (pathname.startsWith("/dashboard/assets/"))
    event.respondWith(caches.match(request).then((kept) => kept ?? fetch(request)));
});

async function shell(): Promise<Response> {
  return (await caches.match(SHELL)) ?? Response.error();
}

self.addEventListener("push", (event) => {
  if (event.data === null) return;
  const message = event.data.json() as Message;
  const { title, body } = worded(message);
  // The same notice told twice is shown once.
  const options = { body, tag: `notice-${message.notice_id}`, icon: "/dashboard/icon-192.png", data: message };
  event.waitUntil(self.registration.showNotification(title, options));
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(open(worded(event.notification.data as Message).path));
});

async function open(path: string): Promise<void> {
  const [first] = await self.clients.matchAll({ type: "window" });
  if (first === undefined) await self.clients.openWindow(path);
  else await (await first.focus()).navigate(path);
}
