/** What a person sets for themselves, and what an admin sets for all: sessions, accounts, keys, the audit log. */
import { useTranslation } from "react-i18next";
import { Page } from "../../parts/Page";
import { useSession } from "../../session/Session";
import { Accounts } from "./Accounts";
import { Appearance } from "./Appearance";
import { AuditLog } from "./AuditLog";
import { Keys } from "./Keys";
import { Sessions } from "./Sessions";

export function SettingsPage() {
  const { t } = useTranslation();
  const { may, me } = useSession();
  return (
    <Page title={t("pages.settings")} note={me?.name}>
      <Appearance />
      {may("profile:manage") && <Sessions />}
      {may("accounts:manage") && <Accounts />}
      {may("keys:manage") && <Keys />}
      {may("audit:read") && <AuditLog />}
    </Page>
  );
}
