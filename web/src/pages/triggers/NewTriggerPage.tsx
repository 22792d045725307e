import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { api } from "../../api/client";
import { unwrap } from "../../api/problem";
import { Page } from "../../parts/Page";
import { Section } from "../../parts/Section";
import { type Draft, EMPTY, toTrigger } from "./draft";
import { TriggerForm } from "./TriggerForm";

/** A new trigger, which reaches nobody until it is approved and started. */
export function NewTriggerPage() {
  const { t } = useTranslation();
  const go = useNavigate();
  const queries = useQueryClient();
  const make = useMutation({
    mutationFn: (draft: Draft) => unwrap(api.POST("/triggers", { body: toTrigger(draft) })),
    onSuccess: async ({ trigger_id }) => {
      await queries.invalidateQueries({ queryKey: ["triggers"] });
      void go(`/campaigns/triggers/${trigger_id}`);
    },
  });
  return (
    <Page title={t("triggers.make")} note={t("triggers.makeNote")}>
      <Section title={t("triggers.content")}>
        <TriggerForm start={EMPTY} isBusy={make.isPending} error={make.error} store={(draft) => make.mutate(draft)} />
      </Section>
    </Page>
  );
}
