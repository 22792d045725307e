/**
 * The WebSocket of notices, kept open: it begins again where it was cut off, so that no notice is lost.
 *
 * The token is in the first message and never in an address. A newer one is sent before the first is over.
 */

import type { components } from "../api/schema";
import { accessToken, renewAccessToken } from "../session/token";

export type Notice = components["schemas"]["NoticePage"]["notices"][number];

type Told =
  | { type: "ready"; after: number; is_complete: boolean }
  | { type: "notice"; notice: Notice }
  | { type: "alive"; after: number }
  | { type: "problem" };

const FIRST_WAIT = 1000;
const LONGEST_WAIT = 60_000;
const RENEW_EVERY = 5 * 60_000;
const NOT_AUTHENTICATED = 4401;

/** Calls `told` with each notice, and `missed` where some are no longer kept. Returns what ends it. */
export function listen(told: (notice: Notice) => void, missed: () => void): () => void {
  let isOver = false;
  let after: number | undefined;
  let wait = FIRST_WAIT;
  let socket: WebSocket | undefined;
  let again: ReturnType<typeof setTimeout> | undefined;

  const renewal = setInterval(() => {
    void renewAccessToken()
      .then(
        (isIn) =>
          isIn && socket?.readyState === WebSocket.OPEN && socket.send(JSON.stringify({ token: accessToken() })),
      )
      .catch(() => undefined);
  }, RENEW_EVERY);

  function connect() {
    const address = new URL("/notices", location.href);
    address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    socket = new WebSocket(address);
    socket.onopen = () =>
      socket?.send(JSON.stringify({ token: accessToken(), ...(after === undefined ? {} : { after }) }));
    socket.onmessage = ({ data }) => {
      void (data instanceof Blob ? data.text() : Promise.resolve(String(data))).then((text) =>
        hear(JSON.parse(text) as Told),
      );
    };
    socket.onclose = ({ code }) => {
      if (isOver) return;
      const renewed = code === NOT_AUTHENTICATED ? renewAccessToken().catch(() => true) : Promise.resolve(true);
      void renewed.then((isIn) => {
        if (!isIn || isOver) return;
        again = setTimeout(connect, wait);
        wait = Math.min(2 * wait, LONGEST_WAIT);
      });
    };
  }

  function hear(message: Told) {
    if (message.type === "problem") return;
    wait = FIRST_WAIT;
    if (message.type === "notice") {
      after = message.notice.notice_id;
      told(message.notice);
      return;
    }
    after = message.after;
    if (message.type === "ready" && !message.is_complete) missed();
  }

  connect();
  return () => {
    isOver = true;
    clearInterval(renewal);
    clearTimeout(again);
    socket?.close();
  };
}
