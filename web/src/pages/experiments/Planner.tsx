/** How many users and weeks an effect takes. */
import Box from "@mui/material/Box";
import TextField from "@mui/material/TextField";
import Typography from "@mui/material/Typography";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api } from "../../api/client";
import { unwrap } from "../../api/problem";
import { useFormat } from "../../i18n";
import { Failure } from "../../parts/Answered";
import { FIELDS, type Plan, queryOf, USUAL } from "./plan";

export function Planner() {
  const { t } = useTranslation();
  const format = useFormat();
  const [plan, setPlan] = useState<Plan>(USUAL);
  const query = queryOf(plan);
  const found = useQuery({
    queryKey: ["experiment plan", query],
    queryFn: () => unwrap(api.GET("/experiments/plan", { params: { query: query ?? { base: 0.1 } } })),
    enabled: query !== null,
    placeholderData: keepPreviousData,
    retry: false,
  });
  return (
    <>
      <Box sx={{ display: "grid", gap: 2, gridTemplateColumns: "repeat(auto-fit, minmax(200px, 1fr))", mb: 2 }}>
        {FIELDS.map((name) => (
          <TextField
            key={name}
            size="small"
            type="number"
            label={t(`experiments.${name}`)}
            value={plan[name]}
            onChange={(event) => setPlan({ ...plan, [name]: event.target.value })}
            slotProps={{ htmlInput: { step: "any" } }}
          />
        ))}
      </Box>
      {found.isError && <Failure error={found.error} />}
      <Typography role="status" sx={{ fontWeight: 650 }}>
        {query !== null && found.data
          ? [
              t("experiments.takes", {
                users: format.number(found.data.users),
                points: format.number(100 * found.data.effect, 2),
              }),
              found.data.weeks === null ? "" : t("experiments.weeks", { weeks: format.number(found.data.weeks) }),
            ].join(" ")
          : t("experiments.fill")}
      </Typography>
    </>
  );
}
