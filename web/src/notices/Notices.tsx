/** Tells what has just happened, and asks anew for what it changes. */
import Button from "@mui/material/Button";
import Snackbar from "@mui/material/Snackbar";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { listen, type Notice } from "./stream";

export function Notices() {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const [notice, setNotice] = useState<Notice | null>(null);

  useEffect(
    () =>
      listen(
        (heard) => {
          // A job tells its own progress on the page that began it.
          if (heard.kind === "job") {
            void queries.invalidateQueries({ queryKey: ["job", heard.body.job_id] });
            return;
          }
          setNotice(heard);
          void queries.invalidateQueries();
        },
        () => void queries.invalidateQueries(),
      ),
    [queries],
  );

  if (notice === null) return null;
  const { text, path } = worded(notice, t);
  return (
    <Snackbar
      open
      message={text}
      autoHideDuration={10_000}
      onClose={() => setNotice(null)}
      action={
        <Button color="inherit" size="small" component={Link} to={path} onClick={() => setNotice(null)}>
          {t("notice.look")}
        </Button>
      }
    />
  );
}

function worded(notice: Notice, t: (key: string, values: Record<string, string | number>) => string) {
  switch (notice.kind) {
    case "run":
      return { text: t(`notice.run_${notice.body.state}`, { job: notice.body.job }), path: "/data" };
    case "drift":
      return { text: t("notice.drift", { model: notice.body.model }), path: "/models" };
    case "early_warning":
      return {
        text: t("attention.users_at_risk", { count: notice.body.users_at_high_risk }),
        path: "/users?risk=high&sort=expected_value&order=desc",
      };
    case "job":
      return { text: "", path: "/" };
  }
}
