/** Above a page: that there is no connection, or that there is a newer version. */
import Alert from "@mui/material/Alert";
import Button from "@mui/material/Button";
import { onlineManager } from "@tanstack/react-query";
import { useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";
import { takeNewVersion, useHasNewVersion } from "./version";

export function useIsOnline(): boolean {
  return useSyncExternalStore(
    (listener) => onlineManager.subscribe(listener),
    () => onlineManager.isOnline(),
  );
}

export function Banners() {
  const { t } = useTranslation();
  const isOnline = useIsOnline();
  const hasNewVersion = useHasNewVersion();
  return (
    <>
      {!isOnline && (
        <Alert severity="warning" role="status" sx={{ borderRadius: 0 }}>
          {t("offline.banner")}
        </Alert>
      )}
      {hasNewVersion && (
        <Alert
          severity="info"
          role="status"
          sx={{ borderRadius: 0 }}
          action={
            <Button color="inherit" size="small" onClick={takeNewVersion}>
              {t("offline.take")}
            </Button>
          }
        >
          {t("offline.newVersion")}
        </Alert>
      )}
    </>
  );
}
