/** Asks for a password, or for a visit to Telegram's page, before a dangerous act. */
import Alert from "@mui/material/Alert";
import Button from "@mui/material/Button";
import Dialog from "@mui/material/Dialog";
import DialogActions from "@mui/material/DialogActions";
import DialogContent from "@mui/material/DialogContent";
import DialogContentText from "@mui/material/DialogContentText";
import DialogTitle from "@mui/material/DialogTitle";
import Stack from "@mui/material/Stack";
import TextField from "@mui/material/TextField";
import { useMutation, useQuery } from "@tanstack/react-query";
import type { TFunction } from "i18next";
import { type SubmitEvent, useEffect, useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";
import { api } from "../api/client";
import { ApiProblem, unwrap } from "../api/problem";
import { useSaid } from "../i18n/sentences";
import { refusalIn } from "../parts/Answered";
import { answerProof, isProofAsked, onProofAsked } from "./proof";
import { beginVisit, onProven } from "./telegram";

export function ProofDialog() {
  const { t } = useTranslation();
  const isAsked = useSyncExternalStore(onProofAsked, isProofAsked);
  return (
    <Dialog open={isAsked} onClose={() => answerProof(false)} aria-labelledby="proof-title" fullWidth maxWidth="xs">
      <DialogTitle id="proof-title">{t("proof.title")}</DialogTitle>
      {isAsked && <Question />}
    </Dialog>
  );
}

function Question() {
  const { t } = useTranslation();
  const said = useSaid();
  const ways = useQuery({ queryKey: ["proof"], queryFn: () => unwrap(api.GET("/auth/proof")), staleTime: 0 });
  const prove = useMutation({
    mutationFn: (password: string) => unwrap(api.POST("/auth/proof", { body: { password } })),
    onSuccess: () => answerProof(true),
  });
  useEffect(() => onProven(() => answerProof(true)), []);
  // The window must be opened by the click itself, or the browser holds it back.
  const visit = useMutation({
    mutationFn: async (opened: Window | null) => {
      const url = await beginVisit("prove", location.pathname);
      if (opened === null) throw new Error(t("proof.popup"));
      opened.location.href = url;
    },
    onError: (_, opened) => opened?.close(),
  });

  function submit(event: SubmitEvent<HTMLFormElement>) {
    event.preventDefault();
    prove.mutate(String(new FormData(event.currentTarget).get("password")));
  }

  const refusal = prove.error ?? visit.error ?? ways.error;
  return (
    <form onSubmit={submit}>
      <DialogContent>
        <Stack spacing={2}>
          <DialogContentText>{t("proof.text")}</DialogContentText>
          {refusal && <Alert severity="error">{worded(refusal, t, said)}</Alert>}
          {ways.data?.has_password !== false && (
            <TextField
              name="password"
              type="password"
              label={t("signIn.password")}
              autoComplete="current-password"
              required
              autoFocus
            />
          )}
          {ways.data?.has_telegram && (
            <Button variant="outlined" onClick={() => visit.mutate(window.open("", "_blank"))}>
              {t("proof.telegram")}
            </Button>
          )}
        </Stack>
      </DialogContent>
      <DialogActions>
        <Button onClick={() => answerProof(false)}>{t("state.cancel")}</Button>
        {ways.data?.has_password !== false && (
          <Button type="submit" variant="contained" disabled={prove.isPending}>
            {t("proof.go")}
          </Button>
        )}
      </DialogActions>
    </form>
  );
}

function worded(error: Error, t: TFunction, said: (text: string) => string): string {
  if (!(error instanceof ApiProblem)) return error instanceof TypeError ? t("state.unreachable") : error.message;
  return error.status === 422 ? t("proof.wrong") : error.status === 429 ? t("signIn.wait") : refusalIn(error, t, said);
}
