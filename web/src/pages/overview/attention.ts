/** What needs a look, asked once for the list and for the alerts above the page. */
import { useQuery } from "@tanstack/react-query";
import { api } from "../../api/client";
import { unwrap } from "../../api/problem";

const AGAIN_MILLISECONDS = 30_000;

export function useAttention() {
  return useQuery({
    queryKey: ["attention"],
    queryFn: () => unwrap(api.GET("/analytics/attention")),
    refetchInterval: AGAIN_MILLISECONDS,
  });
}
