import Button from "@mui/material/Button";
import Snackbar from "@mui/material/Snackbar";
import { useTranslation } from "react-i18next";

export interface Done {
  message: string;
  /** Takes it back; absent where nothing can. */
  undo?: () => void;
}

const SHOWN_MS = 10_000;

/** Says what was done, and offers to take it back. */
export function Undo({ done, close }: { done: Done | null; close: () => void }) {
  const { t } = useTranslation();
  return (
    <Snackbar
      open={done !== null}
      autoHideDuration={SHOWN_MS}
      onClose={(_, reason) => reason !== "clickaway" && close()}
      message={done?.message}
      action={
        done?.undo && (
          <Button
            size="small"
            color="inherit"
            onClick={() => {
              done.undo?.();
              close();
            }}
          >
            {t("state.undo")}
          </Button>
        )
      }
    />
  );
}
