/** Who is signed in, for the whole application. */
import { onlineManager, useQueryClient } from "@tanstack/react-query";
import { createContext, type ReactNode, useCallback, useContext, useEffect, useMemo, useState } from "react";
import { api } from "../api/client";
import type { Me } from "../api/names";
import { unwrap } from "../api/problem";
import { followShop } from "../app/calendar";
import { showMoneyIn } from "../i18n/money";
import { forgetKept, keepReports, restoreKept } from "../offline/kept";
import { firstRenewal } from "./begin";
import { miniAppData } from "./telegram";
import { accessToken, onSessionLost, renewAccessToken, signIn, signOut, tokensHolder } from "./token";

interface Session {
  /** undefined: not known yet; null: nobody. */
  me: Me | null | undefined;
  /** Looks again who is signed in. */
  reload: () => Promise<void>;
  leave: () => Promise<void>;
  may: (permission: string) => boolean;
}

/** How long until it is tried again to reach the server, in milliseconds. */
const RETRY = 15_000;

const Context = createContext<Session | null>(null);

export function SessionProvider({ children }: { children: ReactNode }) {
  const queries = useQueryClient();
  const [me, setMe] = useState<Me | null | undefined>(undefined);

  const reload = useCallback(async () => {
    const found = await unwrap(api.GET("/auth/me"));
    showAsShop(found);
    setMe(found);
  }, []);

  useEffect(() => {
    onSessionLost(() => {
      // What one person saw must not be there for the next.
      queries.clear();
      void forgetKept();
      setMe(null);
    });
    let again: ReturnType<typeof setTimeout> | undefined;
    const connect = async () => {
      clearTimeout(again);
      try {
        const isIn = await begin();
        onlineManager.setOnline(true);
        const holder = isIn ? tokensHolder() : null;
        if (holder !== null) showAsShop(holder);
        setMe(holder);
      } catch {
        // Nobody answers: whoever was signed in reads the numbers last seen, until somebody does.
        onlineManager.setOnline(false);
        const kept = await restoreKept(queries).catch(() => null);
        if (kept !== null) showAsShop(kept);
        setMe((known) => known ?? kept);
        again = setTimeout(() => void connect(), RETRY);
      }
    };
    const hurry = () => void (accessToken() === null && connect());
    addEventListener("online", hurry);
    void connect();
    return () => {
      clearTimeout(again);
      removeEventListener("online", hurry);
    };
  }, [queries]);

  useEffect(() => (me ? keepReports(queries, me) : undefined), [queries, me]);

  const session = useMemo<Session>(
    () => ({ me, reload, leave: signOut, may: (permission) => me?.permissions.includes(permission) ?? false }),
    [me, reload],
  );
  return <Context.Provider value={session}>{children}</Context.Provider>;
}

/** Days and money are shown as the shop has chosen. */
function showAsShop({ shop }: Me): void {
  followShop(shop.time_zone);
  showMoneyIn(shop.money);
}

/** The session of before, or that of whoever opened the dashboard inside Telegram. */
async function begin(): Promise<boolean> {
  const init_data = miniAppData();
  if (init_data !== null) return (await signIn("telegram/mini-app", { init_data })) === null;
  return firstRenewal() ?? renewAccessToken();
}

export function useSession(): Session {
  const session = useContext(Context);
  if (session === null) throw new Error("useSession needs a SessionProvider around it");
  return session;
}
