/** This browser's subscription to push, and telling the server of it. */
import { api } from "../api/client";
import { unwrap } from "../api/problem";
import type { components } from "../api/schema";

export type Topic = components["schemas"]["NewDevice"]["topics"][number];
type Language = components["schemas"]["NewDevice"]["language"];

export function canPush(): boolean {
  return "serviceWorker" in navigator && "PushManager" in globalThis && "Notification" in globalThis;
}

/** Asks the browser, then tells the server. Throws what the browser refuses with, and ApiProblem. */
export async function subscribe(publicKey: string, topics: Topic[], language: Language) {
  if ((await Notification.requestPermission()) !== "granted") throw new DOMException("", "NotAllowedError");
  const { pushManager } = await navigator.serviceWorker.ready;
  const subscription =
    (await pushManager.getSubscription()) ??
    (await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: publicKey }));
  const { endpoint, keys } = subscription.toJSON();
  return unwrap(
    api.PUT("/push/devices", {
      body: { endpoint: endpoint ?? "", p256dh: keys?.p256dh ?? "", auth: keys?.auth ?? "", topics, language },
    }),
  );
}

/** Ends the browser's subscription, where there is one. */
export async function unsubscribe(): Promise<void> {
  if (!canPush()) return;
  const registration = await navigator.serviceWorker.getRegistration("/dashboard/");
  await (await registration?.pushManager.getSubscription())?.unsubscribe();
}
