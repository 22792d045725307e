/** Experiments: how many users one takes, what all campaigns together did, what was learned, and what was stopped. */
import Button from "@mui/material/Button";
import Stack from "@mui/material/Stack";
import { useTranslation } from "react-i18next";
import { Link as RouterLink } from "react-router";
import { Page } from "../../parts/Page";
import { Section } from "../../parts/Section";
import { useSession } from "../../session/Session";
import { Learned } from "../campaigns/Learned";
import { PolicyInUse } from "../policies/PolicyInUse";
import { Holdout } from "./Holdout";
import { Planner } from "./Planner";
import { Stopped } from "./Stopped";

export function ExperimentsPage() {
  const { t } = useTranslation();
  const { may } = useSession();
  return (
    <Page
      title={t("experiments.title")}
      note={t("experiments.note")}
      actions={
        <Stack direction="row" spacing={1}>
          <Button component={RouterLink} to="/campaigns/policies">
            {t("policies.title")}
          </Button>
          {may("campaigns:manage") && (
            <Button component={RouterLink} to="/campaigns/experiments/new" variant="contained">
              {t("experiments.make")}
            </Button>
          )}
        </Stack>
      }
    >
      <PolicyInUse />
      <Section title={t("experiments.plan")} note={t("experiments.planNote")}>
        <Planner />
      </Section>
      <Section title={t("experiments.holdout")} note={t("experiments.holdoutNote")}>
        <Holdout />
      </Section>
      <Section title={t("campaigns.learned")} note={t("experiments.learnedNote")}>
        <Learned />
      </Section>
      <Section title={t("experiments.stopped")} note={t("experiments.stoppedNote")}>
        <Stopped />
      </Section>
    </Page>
  );
}
