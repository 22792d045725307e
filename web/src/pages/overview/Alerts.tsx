/** What is wrong with the platform now, for who runs it. */
import Alert from "@mui/material/Alert";
import { useQuery } from "@tanstack/react-query";
import { api } from "../../api/client";
import { unwrap } from "../../api/problem";
import { useSession } from "../../session/Session";

const AGAIN_MILLISECONDS = 30_000;

export function Alerts() {
  const { may } = useSession();
  const alerts = useQuery({
    queryKey: ["alerts"],
    queryFn: () => unwrap(api.GET("/alerts")),
    enabled: may("metrics:read"),
    refetchInterval: AGAIN_MILLISECONDS,
  });
  const firing = (alerts.data?.alerts ?? []).filter(({ ended_at }) => ended_at === null);
  return firing.map(({ name, severity, summary, began_at }) => (
    <Alert key={`${name} ${began_at} ${summary}`} severity={severity === "page" ? "error" : "warning"}>
      {name}: {summary}
    </Alert>
  ));
}
