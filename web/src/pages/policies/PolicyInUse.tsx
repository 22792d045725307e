/** Whether a policy chooses users now, or chance does. */
import Alert from "@mui/material/Alert";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api } from "../../api/client";
import { unwrap } from "../../api/problem";
import { useSession } from "../../session/Session";

export function PolicyInUse() {
  const { t } = useTranslation();
  const { may } = useSession();
  const policies = useQuery({
    queryKey: ["policies"],
    queryFn: () => unwrap(api.GET("/policies")),
    enabled: may("analytics:read"),
  });
  if (policies.data === undefined) return null;
  const inUse = policies.data.in_use;
  return inUse === null ? (
    <Alert severity="info">{t("policies.byChance")}</Alert>
  ) : (
    <Alert severity="success">{t("policies.nowInUse", { policy: inUse.policy_id })}</Alert>
  );
}
