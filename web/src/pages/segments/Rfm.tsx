/** Buyers by recency and value, each place of the grid with its people; and the named cells that places make up. */
import Box from "@mui/material/Box";
import Link from "@mui/material/Link";
import Stack from "@mui/material/Stack";
import { alpha, useTheme } from "@mui/material/styles";
import Typography from "@mui/material/Typography";
import { useTranslation } from "react-i18next";
import { Link as RouterLink } from "react-router";
import type { components } from "../../api/schema";
import { usersPath } from "../../audience/query";
import { useFormat } from "../../i18n";
import { DataTable } from "../../parts/DataTable";

type RfmReport = components["schemas"]["RfmReport"];

const SCORES = [1, 2, 3, 4, 5] as const;

export function Rfm({ report }: { report: RfmReport }) {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <Stack spacing={3}>
      <Grid grid={report.grid} />
      <DataTable
        label={t("segments.rfm")}
        rows={report.cells}
        rowKey={(cell) => cell.cell}
        columns={[
          {
            title: t("rfm.cell"),
            cell: ({ cell }) => (
              <Link component={RouterLink} to={usersPath({ rfm_cell: cell })}>
                {t(`rfmCell.${cell}`, cell)}
              </Link>
            ),
          },
          { title: t("segments.users"), isNumber: true, cell: (cell) => format.number(cell.users) },
          { title: t("rfm.recency"), isNumber: true, cell: (cell) => format.number(cell.mean_recency_days, 1) },
          { title: t("rfm.orders"), isNumber: true, cell: (cell) => format.number(cell.mean_orders, 1) },
          { title: t("user.spent"), isNumber: true, cell: (cell) => format.money(cell.purchase_amount) },
        ]}
      />
    </Stack>
  );
}

function Grid({ grid }: { grid: RfmReport["grid"] }) {
  const { t } = useTranslation();
  const format = useFormat();
  const { palette } = useTheme();
  const most = Math.max(1, ...grid.map(({ users }) => users));
  const at = (recency: number, value: number) =>
    grid.find((cell) => cell.recency_score === recency && cell.value_score === value);
  return (
    <Box sx={{ overflowX: "auto" }}>
      <Box
        component="table"
        aria-label={t("rfm.grid")}
        sx={{ borderCollapse: "separate", borderSpacing: 4, fontSize: 14 }}
      >
        <thead>
          <tr>
            <td />
            {SCORES.map((value) => (
              <Box component="th" scope="col" key={value} sx={{ fontWeight: 500, minWidth: 84 }}>
                {t("rfm.value", { value })}
              </Box>
            ))}
          </tr>
        </thead>
        <tbody>
          {[...SCORES].reverse().map((recency) => (
            <tr key={recency}>
              <Box component="th" scope="row" sx={{ fontWeight: 500, textAlign: "right", pr: 1, whiteSpace: "nowrap" }}>
                {t("rfm.recent", { value: recency })}
              </Box>
              {SCORES.map((value) => {
                const cell = at(recency, value);
                return (
                  <Box
                    component="td"
                    key={value}
                    sx={{
                      p: 1,
                      borderRadius: 1,
                      textAlign: "center",
                      bgcolor: alpha(palette.primary.main, 0.3 * ((cell?.users ?? 0) / most)),
                    }}
                  >
                    {cell && (
                      <Link
                        component={RouterLink}
                        color="text.primary"
                        to={usersPath({ recency_score: recency, value_score: value })}
                      >
                        {format.number(cell.users)}
                        <Typography variant="caption" component="div">
                          {t(`rfmCell.${cell.cell}`, cell.cell)}
                        </Typography>
                      </Link>
                    )}
                  </Box>
                );
              })}
            </tr>
          ))}
        </tbody>
      </Box>
    </Box>
  );
}
