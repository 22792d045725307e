import Button from "@mui/material/Button";
import Stack from "@mui/material/Stack";
import Typography from "@mui/material/Typography";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api } from "../../api/client";
import { unwrap } from "../../api/problem";
import { Answered, Failure } from "../../parts/Answered";
import { Section } from "../../parts/Section";
import { beginVisit } from "../../session/telegram";

/** Signing in with Telegram: links a Telegram user to my account, or takes the link away. */
export function TelegramLink() {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const proof = useQuery({ queryKey: ["proof"], queryFn: () => unwrap(api.GET("/auth/proof")) });
  const link = useMutation({
    mutationFn: async () => location.assign(await beginVisit("link", "/settings?view=security")),
  });
  const unlink = useMutation({
    mutationFn: () => unwrap(api.DELETE("/auth/telegram")),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["proof"] }),
  });
  const error = link.error ?? unlink.error;
  return (
    <Section title={t("settings.telegram")} note={t("settings.telegramNote")}>
      <Answered query={proof} height={40}>
        {({ has_telegram, has_password }) => (
          <Stack direction="row" spacing={2} sx={{ alignItems: "center" }}>
            <Typography>{has_telegram ? t("settings.linked") : t("settings.notLinked")}</Typography>
            {!has_telegram && (
              <Button variant="outlined" disabled={link.isPending} onClick={() => link.mutate()}>
                {t("settings.link")}
              </Button>
            )}
            {has_telegram && has_password && (
              <Button disabled={unlink.isPending} onClick={() => unlink.mutate()}>
                {t("settings.unlink")}
              </Button>
            )}
          </Stack>
        )}
      </Answered>
      {error && <Failure error={error} />}
    </Section>
  );
}
