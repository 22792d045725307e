/** Where Telegram's page sends people back to: finishes what they went there for. */
import Alert from "@mui/material/Alert";
import Button from "@mui/material/Button";
import Container from "@mui/material/Container";
import LinearProgress from "@mui/material/LinearProgress";
import Stack from "@mui/material/Stack";
import Typography from "@mui/material/Typography";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useNavigate } from "react-router";
import { api } from "../../api/client";
import { ApiProblem, unwrap } from "../../api/problem";
import { useSaid } from "../../i18n/sentences";
import { refusalIn } from "../../parts/Answered";
import { useSession } from "../../session/Session";
import { returned, tellProven, type Visit } from "../../session/telegram";
import { signIn } from "../../session/token";

type Outcome = { is: "under way" } | { is: "proven" } | { is: "refused"; why: string };

export function TelegramReturnPage() {
  const { t } = useTranslation();
  const said = useSaid();
  const { me, reload } = useSession();
  const navigate = useNavigate();
  const [outcome, setOutcome] = useState<Outcome>({ is: "under way" });
  const hasBegun = useRef(false);

  useEffect(() => {
    // Whoever links or proves acts as somebody, who must be known first.
    if (hasBegun.current || me === undefined) return;
    hasBegun.current = true;
    const query = new URLSearchParams(location.search);
    // A code is good once; it should not stay in the history.
    history.replaceState(history.state, "", location.pathname);
    const visit = returned(query.get("state"));
    const code = query.get("code");
    const refuse = (why: string) => setOutcome({ is: "refused", why });
    if (visit === null || code === null) {
      refuse(t("telegram.notBegun"));
      return;
    }
    finish(visit, code)
      .then(async (refusal) => {
        if (refusal !== null) return refuse(refusal.status === 401 ? t("telegram.unknown") : t("state.failed"));
        if (visit.purpose === "prove") {
          tellProven();
          setOutcome({ is: "proven" });
          window.close();
          return undefined;
        }
        if (visit.purpose === "sign_in") await reload();
        return navigate(visit.path, { replace: true });
      })
      .catch((error: unknown) =>
        refuse(error instanceof ApiProblem ? refusalIn(error, t, said) : t("state.unreachable")),
      );
  }, [me, navigate, reload, said, t]);

  return (
    <Container component="main" maxWidth="xs" sx={{ py: 8 }}>
      <Stack spacing={2}>
        <Typography variant="h1">{t("telegram.title")}</Typography>
        {outcome.is === "under way" && <LinearProgress aria-label={t("state.loading")} />}
        {outcome.is === "proven" && <Alert severity="success">{t("telegram.proven")}</Alert>}
        {outcome.is === "refused" && <Alert severity="error">{outcome.why}</Alert>}
        {outcome.is === "refused" && (
          <Button component={Link} to="/" variant="contained">
            {t("telegram.back")}
          </Button>
        )}
      </Stack>
    </Container>
  );
}

async function finish(visit: Visit, code: string): Promise<Response | null> {
  const given = { code, state: visit.state };
  if (visit.purpose === "sign_in") return signIn("telegram/complete", given);
  await unwrap(api.POST("/auth/browser/telegram/confirm", { body: given }));
  return null;
}
