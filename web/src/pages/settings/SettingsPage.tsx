/** What a person sets for themselves, and what an admin sets for all: each part is loaded when it is opened. */
import Box from "@mui/material/Box";
import Tab from "@mui/material/Tab";
import Tabs from "@mui/material/Tabs";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";
import { Page } from "../../parts/Page";
import { useSession } from "../../session/Session";
import { Accounts } from "./Accounts";
import { Appearance } from "./Appearance";
import { AuditLog } from "./AuditLog";
import { Keys } from "./Keys";
import { Notifications } from "./Notifications";
import { Operations } from "./Operations";
import { Sessions } from "./Sessions";
import { ShopSettings } from "./ShopSettings";
import { TelegramLink } from "./TelegramLink";

const VIEWS = [
  ["appearance", "settings.appearance", "profile:read"],
  ["notifications", "push.title", "profile:manage"],
  ["security", "settings.security", "profile:manage"],
  ["shop", "shop.title", "campaigns:read"],
  ["accounts", "settings.accounts", "accounts:manage"],
  ["keys", "settings.keys", "keys:manage"],
  ["audit", "settings.audit", "audit:read"],
  ["operations", "settings.operations", "operations:use"],
] as const;

export function SettingsPage() {
  const { t } = useTranslation();
  const { may, me } = useSession();
  const [search, setSearch] = useSearchParams();
  const views = VIEWS.filter(([, , permission]) => may(permission));
  const view = views.find(([each]) => each === search.get("view"))?.[0] ?? "appearance";
  return (
    <Page title={t("pages.settings")} note={me?.name}>
      <Tabs
        value={view}
        variant="scrollable"
        allowScrollButtonsMobile
        onChange={(_, chosen: string) => setSearch({ view: chosen })}
        aria-label={t("settings.views")}
      >
        {views.map(([each, label]) => (
          <Tab key={each} value={each} label={t(label)} id={`tab-${each}`} aria-controls="view" />
        ))}
      </Tabs>
      <Box role="tabpanel" id="view" aria-labelledby={`tab-${view}`} sx={{ display: "grid", gap: 2.5 }}>
        {view === "appearance" && <Appearance />}
        {view === "notifications" && <Notifications />}
        {view === "security" && (
          <>
            <TelegramLink />
            <Sessions />
          </>
        )}
        {view === "shop" && <ShopSettings />}
        {view === "accounts" && <Accounts />}
        {view === "keys" && <Keys />}
        {view === "audit" && <AuditLog />}
        {view === "operations" && <Operations />}
      </Box>
    </Page>
  );
}
