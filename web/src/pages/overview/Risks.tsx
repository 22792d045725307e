import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import Link from "@mui/material/Link";
import Typography from "@mui/material/Typography";
import { useTranslation } from "react-i18next";
import { Link as RouterLink } from "react-router";
import type { Dashboard } from "../../api/names";
import { useFormat } from "../../i18n";

const COLOURS: Record<string, string> = { low: "success.main", medium: "warning.main", high: "error.main" };

/** The riskiest, the most valuable first. */
const RISKIEST = "/users?risk=high&sort=expected_value&order=desc";
const ORDER = ["high", "medium", "low", null];

/** How many of those who can leave are at which risk; each bar leads to its people. */
export function Risks({ risks }: { risks: Dashboard["risks"] }) {
  const { t } = useTranslation();
  const format = useFormat();
  const shown = ORDER.flatMap((risk) => risks.filter((each) => each.risk === risk));
  const atRisk = risks.find((each) => each.risk === "high");
  const most = Math.max(1, ...risks.map((each) => each.users));
  return (
    <>
      {atRisk && (
        <Box sx={{ mb: 2 }}>
          <Typography variant="body2" color="textSecondary">
            {t("overview.revenueAtRisk")}
          </Typography>
          <Typography sx={{ fontSize: "1.5rem", fontWeight: 650 }}>
            <Link component={RouterLink} to={RISKIEST}>
              {format.money(atRisk.expected_value)}
            </Link>
          </Typography>
          <Typography variant="body2">{t("overview.revenueAtRiskNote", { count: atRisk.users })}</Typography>
        </Box>
      )}
      <Box sx={{ display: "grid", gridTemplateColumns: "max-content 1fr max-content", gap: 1, alignItems: "center" }}>
        {shown.map(({ risk, users }) => (
          <Box key={risk} sx={{ display: "contents" }}>
            {risk === null ? (
              <Typography variant="body2">{t("risk.none")}</Typography>
            ) : (
              <Link component={RouterLink} to={`/users?risk=${risk}&sort=expected_value&order=desc`} variant="body2">
                {t(`risk.${risk}`)}
              </Link>
            )}
            <Box
              aria-hidden
              sx={{
                height: 10,
                borderRadius: 5,
                bgcolor: COLOURS[risk ?? ""] ?? "text.disabled",
                width: `${(100 * users) / most}%`,
                minWidth: 2,
              }}
            />
            <Typography variant="body2">{format.number(users)}</Typography>
          </Box>
        ))}
      </Box>
      {atRisk && (
        <Button component={RouterLink} to={RISKIEST} size="small" variant="contained" sx={{ mt: 2 }}>
          {t("overview.seeRiskiest")}
        </Button>
      )}
    </>
  );
}
