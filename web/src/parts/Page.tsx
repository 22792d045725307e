/** The head of a page: its name, how fresh it is, and what can be chosen. */
import Box from "@mui/material/Box";
import Stack from "@mui/material/Stack";
import Typography from "@mui/material/Typography";
import { type ReactNode, useEffect } from "react";

interface Props {
  title: string;
  note?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
}

export function Page({ title, note, actions, children }: Props) {
  useEffect(() => {
    document.title = `${title} · Customer Analyzer`;
  }, [title]);
  return (
    <Stack spacing={2.5}>
      <Stack direction="row" sx={{ flexWrap: "wrap", gap: 2, alignItems: "flex-end" }}>
        <Box sx={{ flex: 1, minWidth: 200 }}>
          <Typography variant="h1">{title}</Typography>
          <Typography variant="body2" color="textSecondary" component="div" sx={{ minHeight: 20 }}>
            {note}
          </Typography>
        </Box>
        {actions}
      </Stack>
      {children}
    </Stack>
  );
}
