import Box from "@mui/material/Box";
import Link from "@mui/material/Link";
import Typography from "@mui/material/Typography";
import { useTranslation } from "react-i18next";
import { Link as RouterLink, useNavigate } from "react-router";
import type { FunnelCounts } from "../../api/names";
import { usersPath } from "../../audience/query";
import { Chart } from "../../charts/Chart";
import { useFormat } from "../../i18n";

const STEPS = ["active_users", "viewers", "cart_users", "checkout_users", "buyers"] as const;
/** What users of each step did, as the filters of the list of users name it. */
const DID = {
  active_users: "been_active",
  viewers: "viewed",
  cart_users: "filled_cart",
  checkout_users: "checked_out",
  buyers: "bought",
} as const;

/** How many different users came how far in a range of days, and who did not go on. */
export function Funnel({ total, days }: { total: FunnelCounts; days: { from_day?: string; until_day?: string } }) {
  const { t } = useTranslation();
  const format = useFormat();
  const rows = STEPS.map((step, place) => {
    const before = place === 0 ? null : total[STEPS[place - 1] ?? step];
    return { name: t(`funnel.${step}`), users: total[step], share: before ? total[step] / before : null };
  });
  const go = useNavigate();
  const people = STEPS.map((step) => usersPath({ did: DID[step], ...days }));
  const stopped = STEPS.slice(0, -1).map((step, place) => {
    const next = STEPS[place + 1] ?? step;
    return { step, next, people: usersPath({ did: DID[step], did_not: DID[next], ...days }) };
  });
  const upwards = [...rows].reverse();
  return (
    <>
      <Chart
        label={t("segments.funnel")}
        height={280}
        onPart={({ dataIndex }) => {
          const path = people[STEPS.length - 1 - dataIndex];
          if (path) void go(path);
        }}
        table={{
          header: [t("funnel.step"), t("segments.users"), t("funnel.ofBefore")],
          rows: rows.map((row) => [row.name, row.users, row.share]),
          links: people,
        }}
        option={{
          grid: { left: 8, right: 110, top: 8, bottom: 8, containLabel: true },
          xAxis: { type: "value", show: false },
          yAxis: {
            type: "category",
            data: upwards.map((row) => row.name),
            axisTick: { show: false },
            axisLine: { show: false },
          },
          series: [
            {
              type: "bar",
              cursor: "pointer",
              barWidth: "70%",
              data: upwards.map((row) => row.users),
              label: {
                show: true,
                position: "right",
                formatter: ({ dataIndex }: { dataIndex: number }) => {
                  const row = upwards[dataIndex];
                  return row
                    ? `${format.number(row.users)}${row.share === null ? "" : ` (${format.share(row.share)})`}`
                    : "";
                },
              },
            },
          ],
        }}
      />
      <Typography variant="h2" sx={{ mt: 2 }}>
        {t("funnel.stopped")}
      </Typography>
      <Box component="ul" sx={{ pl: 2.5, my: 1 }}>
        {stopped.map(({ step, next, people: path }) => (
          <li key={step}>
            <Link component={RouterLink} to={path}>
              {t("funnel.notOn", { step: t(`funnel.${step}`), next: t(`funnel.${next}`) })}
            </Link>
          </li>
        ))}
      </Box>
    </>
  );
}
