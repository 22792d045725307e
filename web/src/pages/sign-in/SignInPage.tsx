/** Signing in with e-mail address and password, or with Telegram. */
import Alert from "@mui/material/Alert";
import Button from "@mui/material/Button";
import Card from "@mui/material/Card";
import CardContent from "@mui/material/CardContent";
import Container from "@mui/material/Container";
import Stack from "@mui/material/Stack";
import TextField from "@mui/material/TextField";
import Typography from "@mui/material/Typography";
import { useQuery } from "@tanstack/react-query";
import { type SubmitEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { useLocation } from "react-router";
import { api } from "../../api/client";
import { unwrap } from "../../api/problem";
import { LanguageChoice } from "../../parts/LanguageChoice";
import { useSession } from "../../session/Session";
import { beginSignIn } from "../../session/telegram";
import { signIn } from "../../session/token";

export function SignInPage() {
  const { t } = useTranslation();
  const { reload } = useSession();
  const { pathname, search } = useLocation();
  const ways = useQuery({ queryKey: ["ways"], queryFn: () => unwrap(api.GET("/auth/ways")) });
  const [refusal, setRefusal] = useState("");
  const [isBusy, setIsBusy] = useState(false);

  async function submit(event: SubmitEvent<HTMLFormElement>) {
    event.preventDefault();
    const given = new FormData(event.currentTarget);
    setIsBusy(true);
    setRefusal("");
    try {
      const refused = await signIn("login", { email: given.get("email"), password: given.get("password") });
      if (refused === null) await reload();
      else
        setRefusal(
          refused.status === 401 ? t("signIn.wrong") : refused.status === 429 ? t("signIn.wait") : t("state.failed"),
        );
    } catch {
      setRefusal(t("state.unreachable"));
    } finally {
      setIsBusy(false);
    }
  }

  async function toTelegram() {
    setIsBusy(true);
    const url = await beginSignIn(pathname + search).catch(() => null);
    if (url !== null) location.assign(url);
    else setRefusal(t("state.unreachable"));
    setIsBusy(false);
  }

  return (
    <Container component="main" maxWidth="xs" sx={{ py: 8 }}>
      <Card>
        <CardContent>
          <Stack component="form" spacing={2} onSubmit={(event) => void submit(event)}>
            <Typography variant="h1">{t("signIn.title")}</Typography>
            {refusal && <Alert severity="error">{refusal}</Alert>}
            <TextField name="email" type="email" label={t("signIn.email")} autoComplete="username" required autoFocus />
            <TextField
              name="password"
              type="password"
              label={t("signIn.password")}
              autoComplete="current-password"
              required
            />
            <Button type="submit" variant="contained" disabled={isBusy}>
              {t("signIn.enter")}
            </Button>
            {ways.data?.telegram && (
              <Button variant="outlined" disabled={isBusy} onClick={() => void toTelegram()}>
                {t("signIn.telegram")}
              </Button>
            )}
            <Typography variant="body2" color="textSecondary">
              {t("signIn.first")} <code>customer-analyzer accounts create-admin</code>
            </Typography>
            <LanguageChoice />
          </Stack>
        </CardContent>
      </Card>
    </Container>
  );
}
