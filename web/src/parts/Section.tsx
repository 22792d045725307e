import Card from "@mui/material/Card";
import CardContent from "@mui/material/CardContent";
import Stack from "@mui/material/Stack";
import Typography from "@mui/material/Typography";
import type { ReactNode } from "react";

/** A card with a heading. */
export function Section({
  title,
  note,
  actions,
  children,
}: {
  title: string;
  note?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
}) {
  return (
    <Card component="section" sx={{ minWidth: 0 }}>
      <CardContent>
        <Stack direction="row" spacing={1} useFlexGap sx={{ alignItems: "center", flexWrap: "wrap", mb: 1 }}>
          <Typography variant="h2" sx={{ flex: "1 1 180px" }}>
            {title}
          </Typography>
          {actions}
        </Stack>
        {note && (
          <Typography variant="body2" color="textSecondary" sx={{ mb: 1.5 }}>
            {note}
          </Typography>
        )}
        {children}
      </CardContent>
    </Card>
  );
}
