import Button from "@mui/material/Button";
import Checkbox from "@mui/material/Checkbox";
import Dialog from "@mui/material/Dialog";
import DialogActions from "@mui/material/DialogActions";
import DialogContent from "@mui/material/DialogContent";
import DialogTitle from "@mui/material/DialogTitle";
import FormControlLabel from "@mui/material/FormControlLabel";
import MenuItem from "@mui/material/MenuItem";
import Stack from "@mui/material/Stack";
import TextField from "@mui/material/TextField";
import Typography from "@mui/material/Typography";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type SubmitEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { api } from "../../api/client";
import type { ModelChange, ModelVersions } from "../../api/names";
import { unwrap } from "../../api/problem";
import { useTold } from "../../i18n/told";
import { Failure } from "../../parts/Answered";

interface Props {
  model: ModelVersions;
  kind: ModelChange["kind"];
  close: () => void;
}

/** Asks for a reason, and for the version where there is a choice. */
export function ChangeDialog({ model, kind, close }: Props) {
  const { t } = useTranslation();
  const told = useTold();
  const queries = useQueryClient();
  const choices = model.versions.filter((each) => each.version !== model.champion_version);
  const [version, setVersion] = useState(choices[0]?.version ?? 0);
  const [reason, setReason] = useState("");
  const [overrules, setOverrules] = useState(false);
  const chosen = choices.find((each) => each.version === version);
  const isRefused = kind === "promote" && chosen?.is_refused === true;
  const name = t(`model.${model.model}`, model.model);
  const ask = useMutation({
    mutationFn: () => {
      const params = { path: { model: model.model } };
      return kind === "rollback"
        ? unwrap(
            api.POST("/models/{model}/rollbacks", {
              params,
              body: { champion_version: model.champion_version ?? 0, reason },
            }),
          )
        : unwrap(
            api.POST("/models/{model}/promotions", {
              params,
              body: { version, champion_version: model.champion_version, reason, overrules_gate: overrules },
            }),
          );
    },
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ["model versions"] });
      close();
    },
  });

  function submit(event: SubmitEvent<HTMLFormElement>) {
    event.preventDefault();
    ask.mutate();
  }

  return (
    <Dialog open fullWidth maxWidth="sm" onClose={close} aria-labelledby="change-title">
      <form onSubmit={submit}>
        <DialogTitle id="change-title">
          {kind === "rollback"
            ? t("models.rollbackTitle", { model: name, from: model.champion_version, to: model.rollback_version })
            : t("models.promoteTitle", { model: name })}
        </DialogTitle>
        <DialogContent>
          <Stack spacing={2} sx={{ pt: 1 }}>
            <Typography variant="body2">{t(`models.${kind}Text`)}</Typography>
            {kind === "promote" && (
              <TextField
                select
                label={t("models.version")}
                value={version}
                onChange={(event) => setVersion(Number(event.target.value))}
              >
                {choices.map((each) => (
                  <MenuItem key={each.version} value={each.version}>
                    {each.version}: {each.verdict === null ? t("models.notJudged") : told(each.verdict_told)}
                  </MenuItem>
                ))}
              </TextField>
            )}
            {isRefused && (
              <FormControlLabel
                control={<Checkbox checked={overrules} onChange={(_, is) => setOverrules(is)} />}
                label={t("models.overrule")}
              />
            )}
            <TextField
              required
              multiline
              minRows={2}
              autoFocus
              label={t("models.reason")}
              helperText={t("models.reasonHelp")}
              value={reason}
              onChange={(event) => setReason(event.target.value)}
              slotProps={{ htmlInput: { minLength: 3, maxLength: 500 } }}
            />
            {ask.isError && <Failure error={ask.error} />}
          </Stack>
        </DialogContent>
        <DialogActions>
          <Button onClick={close}>{t("state.cancel")}</Button>
          <Button
            type="submit"
            variant="contained"
            color={kind === "rollback" ? "error" : "primary"}
            disabled={ask.isPending || reason.trim().length < 3 || (isRefused && !overrules)}
          >
            {t(kind === "rollback" ? "models.askRollback" : "models.askPromote")}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
