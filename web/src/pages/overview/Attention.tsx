import Link from "@mui/material/Link";
import List from "@mui/material/List";
import ListItem from "@mui/material/ListItem";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link as RouterLink } from "react-router";
import { api } from "../../api/client";
import type { AttentionItem } from "../../api/names";
import { unwrap } from "../../api/problem";
import { Answered } from "../../parts/Answered";

const CAUSES: Record<AttentionItem["kind"], string> = {
  data_is_old: "/data",
  quarantine: "/data",
  waiting_rows: "/data",
  drift: "/models",
  service_down: "/models",
  users_at_risk: "/users?risk=high&sort=expected_value&order=desc",
};

/** What needs a look today, each one click from its cause. */
export function Attention() {
  const { t } = useTranslation();
  const attention = useQuery({ queryKey: ["attention"], queryFn: () => unwrap(api.GET("/analytics/attention")) });
  return (
    <Answered query={attention} isEmpty={({ items }) => items.length === 0} empty={t("attention.nothing")}>
      {({ items }) => (
        <List dense disablePadding>
          {items.map(({ kind, subject, count }) => (
            <ListItem key={`${kind} ${subject}`} disableGutters>
              <Link component={RouterLink} to={CAUSES[kind]}>
                {t(`attention.${kind}`, { subject, count })}
              </Link>
            </ListItem>
          ))}
        </List>
      )}
    </Answered>
  );
}
