import Chip from "@mui/material/Chip";
import { useTranslation } from "react-i18next";
import type { Campaign } from "../../api/names";

const COLOURS: Partial<Record<Campaign["state"], "success" | "warning" | "error" | "info">> = {
  running: "info",
  paused: "warning",
  overdue: "error",
  done: "success",
};

export function StateChip({ state }: { state: Campaign["state"] }) {
  const { t } = useTranslation();
  return (
    <Chip size="small" variant="outlined" color={COLOURS[state] ?? "default"} label={t(`campaignState.${state}`)} />
  );
}
