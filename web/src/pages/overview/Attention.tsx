import Link from "@mui/material/Link";
import List from "@mui/material/List";
import ListItem from "@mui/material/ListItem";
import { useTranslation } from "react-i18next";
import { Link as RouterLink } from "react-router";
import type { AttentionItem } from "../../api/names";
import { Answered } from "../../parts/Answered";
import { useAttention } from "./attention";

const CAUSES: Record<AttentionItem["kind"], string> = {
  data_is_old: "/data",
  run_failed: "/data",
  quarantine: "/data",
  waiting_rows: "/data",
  drift: "/models",
  service_down: "/models",
  users_at_risk: "/users?risk=high&sort=expected_value&order=desc",
};

/** What needs a look today, each one click from its cause. */
export function Attention() {
  const { t } = useTranslation();
  const attention = useAttention();
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
