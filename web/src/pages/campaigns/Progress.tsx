import LinearProgress from "@mui/material/LinearProgress";
import Typography from "@mui/material/Typography";
import { useTranslation } from "react-i18next";
import type { CampaignNumbers } from "../../api/names";
import { useFormat } from "../../i18n";

/** How many of those who are to be written to have been, while the campaign goes on. */
export function Progress({ numbers, isRunning }: { numbers: CampaignNumbers; isRunning: boolean }) {
  const { t } = useTranslation();
  const format = useFormat();
  const left = numbers.queued + numbers.sending;
  const over = numbers.sent + numbers.failed + numbers.unknown + numbers.capped;
  if (!isRunning || left + over === 0) return null;
  return (
    <>
      <Typography variant="body2" role="status">
        {t("campaigns.progress", { over: format.number(over), all: format.number(left + over) })}
      </Typography>
      <LinearProgress
        variant="determinate"
        value={(100 * over) / (left + over)}
        aria-label={t("campaigns.numbers")}
        sx={{ mb: 2, height: 8, borderRadius: 4 }}
      />
    </>
  );
}
