/** What was learned of whom to treat: the policies, which one is in use, and how one was judged. */
import Button from "@mui/material/Button";
import Link from "@mui/material/Link";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link as RouterLink, useSearchParams } from "react-router";
import { api } from "../../api/client";
import { unwrap } from "../../api/problem";
import type { components } from "../../api/schema";
import { useFormat } from "../../i18n";
import { Answered, Failure } from "../../parts/Answered";
import { DataTable } from "../../parts/DataTable";
import { Page } from "../../parts/Page";
import { Section } from "../../parts/Section";
import { useSession } from "../../session/Session";
import { PolicyInUse } from "./PolicyInUse";
import { PolicyReport } from "./PolicyReport";

type Policy = components["schemas"]["PolicyAnswer"];

export function PoliciesPage() {
  const { t } = useTranslation();
  const format = useFormat();
  const { may } = useSession();
  const [search] = useSearchParams();
  const client = useQueryClient();
  const policies = useQuery({ queryKey: ["policies"], queryFn: () => unwrap(api.GET("/policies")) });
  const end = useMutation({
    mutationFn: () => unwrap(api.POST("/policies/end")),
    onSuccess: () => client.invalidateQueries({ queryKey: ["policies"] }),
  });
  const newest = policies.data?.policies[0]?.policy_id;
  const shown = Number(search.get("policy")) || newest;
  return (
    <Page
      title={t("policies.title")}
      note={t("policies.note")}
      actions={
        policies.data?.in_use &&
        may("experiments:manage") && (
          <Button disabled={end.isPending} onClick={() => end.mutate()}>
            {t("policies.end")}
          </Button>
        )
      }
    >
      <PolicyInUse />
      {end.isError && <Failure error={end.error} />}
      <Section title={t("campaigns.learned")}>
        <Answered query={policies} isEmpty={(data) => data.policies.length === 0} empty={t("policies.none")}>
          {(data) => (
            <DataTable
              label={t("policies.title")}
              rows={data.policies}
              rowKey={(policy) => policy.policy_id}
              columns={[
                {
                  title: t("policies.policy"),
                  cell: (policy) => (
                    <Link component={RouterLink} to={`?policy=${policy.policy_id}`}>
                      {t("policies.number", { policy: policy.policy_id })}
                    </Link>
                  ),
                },
                { title: t("policies.learnedAt"), cell: (policy) => format.moment(policy.learned_at) },
                {
                  title: t("policies.decisions"),
                  isNumber: true,
                  cell: (policy) => format.number(policy.decisions),
                },
                { title: t("policies.learner"), cell: (policy) => policy.learner },
                { title: t("data.state"), cell: (policy) => t(`policies.${stateOf(policy, newest)}`) },
              ]}
            />
          )}
        </Answered>
      </Section>
      {shown !== undefined && <PolicyReport policyId={shown} />}
    </Page>
  );
}

function stateOf(policy: Policy, newest: number | undefined): "inUse" | "ended" | "notBetter" | "replaced" {
  if (policy.is_in_use) return "inUse";
  if (policy.ended_at !== null) return "ended";
  return policy.is_promoted && policy.policy_id !== newest ? "replaced" : "notBetter";
}
