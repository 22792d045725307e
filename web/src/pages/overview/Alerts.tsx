/** What is wrong with the platform now, for who runs it. */
import Alert from "@mui/material/Alert";
import { useAttention } from "./attention";

export function Alerts() {
  const attention = useAttention();
  return attention.data?.alerts?.map(({ name, severity, summary, began_at }) => (
    <Alert key={`${name} ${began_at} ${summary}`} severity={severity === "page" ? "error" : "warning"}>
      {name}: {summary}
    </Alert>
  ));
}
