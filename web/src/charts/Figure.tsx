/** A picture with its numbers: the same as a table, and the table as a file. */
import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import Link from "@mui/material/Link";
import Stack from "@mui/material/Stack";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link as RouterLink } from "react-router";
import { DataTable } from "../parts/DataTable";
import { type ChartTable, download, toCsv } from "./csv";

interface Props {
  /** What the picture shows, in words, for those who do not see it. */
  label: string;
  table: ChartTable;
  height: number;
  /** Offers the picture as a PNG file. */
  savePicture: () => Promise<void>;
  children: ReactNode;
}

export function Figure({ label, table, height, savePicture, children }: Props) {
  const { t } = useTranslation();
  const [isTable, setIsTable] = useState(false);
  return (
    <Box component="figure" sx={{ m: 0 }}>
      {isTable ? (
        <Box sx={{ maxHeight: height, overflow: "auto" }}>
          <DataTable
            label={label}
            columns={table.header.map((title, place) => ({
              title,
              cell: (row: { cells: ChartTable["rows"][number]; link: string | undefined }) =>
                row.link !== undefined && place === 0 ? (
                  <Link component={RouterLink} to={row.link}>
                    {row.cells[place] ?? "–"}
                  </Link>
                ) : (
                  (row.cells[place] ?? "–")
                ),
              isNumber: typeof table.rows[0]?.[place] === "number",
            }))}
            rows={table.rows.map((cells, place) => ({ cells, place, link: table.links?.[place] }))}
            rowKey={(row) => row.place}
          />
        </Box>
      ) : (
        children
      )}
      <Stack direction="row" spacing={1} sx={{ justifyContent: "flex-end" }}>
        <Button size="small" onClick={() => setIsTable(!isTable)} aria-label={`${t("chart.asTable")}: ${label}`}>
          {isTable ? t("chart.asPicture") : t("chart.asTable")}
        </Button>
        <Button size="small" onClick={() => download(`${label}.csv`, toCsv(table))} aria-label={`CSV: ${label}`}>
          CSV
        </Button>
        <Button size="small" onClick={() => void savePicture()} aria-label={`PNG: ${label}`}>
          PNG
        </Button>
      </Stack>
    </Box>
  );
}
