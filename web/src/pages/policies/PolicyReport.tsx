/** How a policy was judged: what each way to choose brings, and predicted effects beside observed ones. */
import Typography from "@mui/material/Typography";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api } from "../../api/client";
import { unwrap } from "../../api/problem";
import type { components } from "../../api/schema";
import { useFormat } from "../../i18n";
import { useSaid } from "../../i18n/sentences";
import { Answered } from "../../parts/Answered";
import { DataTable } from "../../parts/DataTable";
import { Section } from "../../parts/Section";

type Estimate = components["schemas"]["EstimateAnswer"] | null;

export function PolicyReport({ policyId }: { policyId: number }) {
  const { t } = useTranslation();
  const format = useFormat();
  const said = useSaid();
  const report = useQuery({
    queryKey: ["policies", policyId],
    queryFn: () => unwrap(api.GET("/policies/{policy_id}", { params: { path: { policy_id: policyId } } })),
  });
  const between = (estimate: Estimate) =>
    estimate === null
      ? ""
      : t("policies.between", {
          value: format.number(estimate.value, 3),
          low: format.number(estimate.low, 3),
          high: format.number(estimate.high, 3),
        });
  return (
    <Answered query={report}>
      {(data) => (
        <>
          <Closest values={data.values} between={between} />
          <Section
            title={`${t("policies.number", { policy: policyId })}: ${t("policies.values")}`}
            note={t("policies.valuesNote")}
          >
            <DataTable
              label={t("policies.values")}
              rows={data.values}
              rowKey={(value) => value.policy}
              columns={[
                {
                  title: t("policies.policy"),
                  cell: (value) => (value.advantage === null ? t("policies.learned") : said(value.policy)),
                },
                { title: t("policies.value"), isNumber: true, cell: (value) => between(value.doubly_robust) },
                { title: t("policies.better"), isNumber: true, cell: (value) => between(value.advantage) },
              ]}
            />
          </Section>
          <Section title={t("policies.bins")} note={t("policies.binsNote")}>
            <DataTable
              label={t("policies.bins")}
              rows={data.bins}
              rowKey={(bin) => bin.predicted}
              columns={[
                { title: t("policies.users"), isNumber: true, cell: (bin) => format.number(bin.users) },
                { title: t("policies.predicted"), isNumber: true, cell: (bin) => format.share(bin.predicted, 2) },
                {
                  title: t("policies.observed"),
                  isNumber: true,
                  cell: (bin) =>
                    t("policies.between", {
                      value: format.share(bin.observed, 2),
                      low: format.share(bin.observed - 1.96 * bin.standard_error, 2),
                      high: format.share(bin.observed + 1.96 * bin.standard_error, 2),
                    }),
                },
              ]}
            />
          </Section>
        </>
      )}
    </Answered>
  );
}

type Value = components["schemas"]["ValueAnswer"];

/** Why the policy is used or not: by how much it is better than the constant choice that comes closest to it. */
function Closest({ values, between }: { values: readonly Value[]; between: (estimate: Estimate) => string }) {
  const { t } = useTranslation();
  const said = useSaid();
  const compared = values.filter((value) => value.advantage !== null);
  if (compared.length === 0) return null;
  const closest = compared.reduce((one, other) =>
    (other.advantage?.low ?? 0) < (one.advantage?.low ?? 0) ? other : one,
  );
  const words = (closest.advantage?.low ?? 0) > 0 ? "policies.isBetter" : "policies.isNotBetter";
  return <Typography>{t(words, { by: between(closest.advantage), policy: said(closest.policy) })}</Typography>;
}
