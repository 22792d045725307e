import Alert from "@mui/material/Alert";
import Button from "@mui/material/Button";
import Stack from "@mui/material/Stack";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import type { ModelChange, ModelVersions } from "../../api/names";
import { useFormat } from "../../i18n";
import { useTold } from "../../i18n/told";
import { useSession } from "../../session/Session";
import { ChangeDialog } from "./ChangeDialog";

const SEVERITY = { waiting: "info", running: "info", done: "success", refused: "warning", failed: "error" } as const;

/** Promote and roll back, where the account may; and what became of what was asked for last. */
export function ChampionActions({ model }: { model: ModelVersions }) {
  const { t } = useTranslation();
  const { may } = useSession();
  const queries = useQueryClient();
  const [asked, setAsked] = useState<ModelChange["kind"] | null>(null);
  const { change } = model;
  const state = change?.state;
  const isOpen = state === "waiting" || state === "running";

  useEffect(() => {
    // What is deployed, and the list of changes, are another question to the API.
    if (state === "done" || state === "failed") void queries.invalidateQueries({ queryKey: ["models"] });
  }, [state, queries]);

  return (
    <Stack spacing={1}>
      {change && <ChangeState change={change} />}
      {may("models:manage") && (
        <Stack direction="row" spacing={1} useFlexGap sx={{ flexWrap: "wrap" }}>
          <Button
            variant="outlined"
            disabled={isOpen || model.versions.every((each) => each.version === model.champion_version)}
            onClick={() => setAsked("promote")}
          >
            {t("models.askPromote")}
          </Button>
          <Button
            variant="outlined"
            color="error"
            disabled={isOpen || model.rollback_version === null}
            onClick={() => setAsked("rollback")}
          >
            {t("models.askRollback")}
          </Button>
        </Stack>
      )}
      {asked && <ChangeDialog model={model} kind={asked} close={() => setAsked(null)} />}
    </Stack>
  );
}

function ChangeState({ change }: { change: ModelChange }) {
  const { t } = useTranslation();
  const told = useTold();
  const format = useFormat();
  return (
    <Alert severity={SEVERITY[change.state]}>
      {t(`models.change.${change.state}`, {
        kind: t(`models.${change.kind}`),
        from: change.from_version ?? "–",
        to: change.to_version,
        moment: format.moment(change.finished_at ?? change.asked_at),
      })}{" "}
      {change.reason}
      {change.error && <div>{told(change.error_told)}</div>}
    </Alert>
  );
}
