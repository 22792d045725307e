/** Opens Dagster and MLflow, which have no sign-in of their own, through the gateway; the browser may then use them for an hour. */
import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import Stack from "@mui/material/Stack";
import Typography from "@mui/material/Typography";
import { useMutation } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api } from "../../api/client";
import { unwrap } from "../../api/problem";
import { Failure } from "../../parts/Answered";
import { Section } from "../../parts/Section";

export function Operations() {
  const { t } = useTranslation();
  const open = useMutation({
    mutationFn: (_page: "dagster" | "mlflow") => unwrap(api.POST("/auth/browser/operations", { body: {} })),
    onSuccess: (pages, page) => window.location.assign(pages[page]),
  });
  return (
    <Section title={t("settings.operations")}>
      <Typography sx={{ mb: 2 }}>{t("settings.operationsNote")}</Typography>
      <Stack direction="row" spacing={2}>
        <Button variant="outlined" disabled={open.isPending} onClick={() => open.mutate("dagster")}>
          {t("settings.openDagster")}
        </Button>
        <Button variant="outlined" disabled={open.isPending} onClick={() => open.mutate("mlflow")}>
          {t("settings.openMlflow")}
        </Button>
      </Stack>
      {open.isError && (
        <Box sx={{ mt: 2 }}>
          <Failure error={open.error} />
        </Box>
      )}
    </Section>
  );
}
