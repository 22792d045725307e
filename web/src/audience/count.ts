/** How many users an audience has, counted by the server a moment after the last change. */
import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { api } from "../api/client";
import { unwrap } from "../api/problem";
import { useSession } from "../session/Session";
import type { Audience } from "./query";

const QUIET_MS = 300;

export function useAudienceCount(audience: Audience) {
  const { may } = useSession();
  const asked = useQuiet(audience);
  return useQuery({
    queryKey: ["audience", asked],
    queryFn: () => unwrap(api.POST("/audiences/count", { body: asked })),
    enabled: may("campaigns:read"),
    placeholderData: (before) => before,
  });
}

/** The value of a moment ago, so that not every letter is a question. */
function useQuiet(value: Audience): Audience {
  const written = JSON.stringify(value);
  const [quiet, setQuiet] = useState(written);
  useEffect(() => {
    const timer = setTimeout(() => setQuiet(written), QUIET_MS);
    return () => clearTimeout(timer);
  }, [written]);
  return JSON.parse(quiet) as Audience;
}
