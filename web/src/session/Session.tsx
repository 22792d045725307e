/** Who is signed in, for the whole application. */
import { useQueryClient } from "@tanstack/react-query";
import { createContext, type ReactNode, useCallback, useContext, useEffect, useMemo, useState } from "react";
import { api } from "../api/client";
import type { Me } from "../api/names";
import { unwrap } from "../api/problem";
import { miniAppData } from "./telegram";
import { onSessionLost, renewAccessToken, signIn, signOut } from "./token";

interface Session {
  /** undefined: not known yet; null: nobody. */
  me: Me | null | undefined;
  /** Looks again who is signed in. */
  reload: () => Promise<void>;
  leave: () => Promise<void>;
  may: (permission: string) => boolean;
}

const Context = createContext<Session | null>(null);

export function SessionProvider({ children }: { children: ReactNode }) {
  const queries = useQueryClient();
  const [me, setMe] = useState<Me | null | undefined>(undefined);

  const reload = useCallback(async () => {
    setMe(await unwrap(api.GET("/auth/me")));
  }, []);

  useEffect(() => {
    onSessionLost(() => {
      // What one person saw must not be there for the next.
      queries.clear();
      setMe(null);
    });
    begin()
      .then((isIn) => (isIn ? reload() : setMe(null)))
      .catch(() => setMe(null));
  }, [queries, reload]);

  const session = useMemo<Session>(
    () => ({ me, reload, leave: signOut, may: (permission) => me?.permissions.includes(permission) ?? false }),
    [me, reload],
  );
  return <Context.Provider value={session}>{children}</Context.Provider>;
}

/** The session of before, or that of whoever opened the dashboard inside Telegram. */
async function begin(): Promise<boolean> {
  const init_data = miniAppData();
  if (init_data !== null) return (await signIn("telegram/mini-app", { init_data })) === null;
  return renewAccessToken();
}

export function useSession(): Session {
  const session = useContext(Context);
  if (session === null) throw new Error("useSession needs a SessionProvider around it");
  return session;
}
