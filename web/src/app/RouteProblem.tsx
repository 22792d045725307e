import Alert from "@mui/material/Alert";
import Button from "@mui/material/Button";
import Stack from "@mui/material/Stack";
import Typography from "@mui/material/Typography";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

/** Shown where a page failed to load or to draw: after a deployment its file may be gone, and a reload brings the new. */
export function RouteProblem() {
  const { t } = useTranslation();
  return (
    <Alert
      severity="error"
      sx={{ m: 3 }}
      action={<Button onClick={() => location.reload()}>{t("state.reload")}</Button>}
    >
      {t("state.broken")}
    </Alert>
  );
}

export function NotFoundPage() {
  const { t } = useTranslation();
  return (
    <Stack spacing={2} sx={{ alignItems: "flex-start" }}>
      <Typography variant="h1">{t("state.noPage")}</Typography>
      <Button component={Link} to="/" variant="contained">
        {t("pages.overview")}
      </Button>
    </Stack>
  );
}
