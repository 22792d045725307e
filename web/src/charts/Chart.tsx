/**
 * A chart with its numbers: a picture, the same as a table, and the table as a file.
 *
 * The drawing library is loaded when the first chart is shown, after the page's figures are there.
 */
import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import Stack from "@mui/material/Stack";
import { useTheme } from "@mui/material/styles";
import type { EChartsCoreOption, EChartsType } from "echarts/core";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { DataTable } from "../parts/DataTable";
import { type ChartTable, download, toCsv } from "./csv";

interface Props {
  /** What the picture shows, in words, for those who do not see it. */
  label: string;
  option: EChartsCoreOption;
  table: ChartTable;
  height?: number;
  onPick?: (name: string, data: unknown) => void;
}

export function Chart({ label, option, table, height = 280, onPick }: Props) {
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
              cell: (row: { cells: ChartTable["rows"][number] }) => row.cells[place] ?? "–",
              isNumber: typeof table.rows[0]?.[place] === "number",
            }))}
            rows={table.rows.map((cells, place) => ({ cells, place }))}
            rowKey={(row) => row.place}
          />
        </Box>
      ) : (
        <Picture label={label} option={option} height={height} {...(onPick ? { onPick } : {})} />
      )}
      <Stack direction="row" spacing={1} sx={{ justifyContent: "flex-end" }}>
        <Button size="small" onClick={() => setIsTable(!isTable)} aria-label={`${t("chart.asTable")}: ${label}`}>
          {isTable ? t("chart.asPicture") : t("chart.asTable")}
        </Button>
        <Button size="small" onClick={() => download(`${label}.csv`, toCsv(table))} aria-label={`CSV: ${label}`}>
          CSV
        </Button>
      </Stack>
    </Box>
  );
}

function Picture({ label, option, height, onPick }: Omit<Props, "table"> & { height: number }) {
  const box = useRef<HTMLDivElement>(null);
  const chart = useRef<EChartsType | null>(null);
  const pick = useRef(onPick);
  const [isReady, setIsReady] = useState(false);
  const { palette } = useTheme();
  pick.current = onPick;

  useEffect(() => {
    let isGone = false;
    let watcher: ResizeObserver | undefined;
    void import("./echarts").then(({ init }) => {
      if (isGone || box.current === null) return;
      const drawn = init(box.current, null, { renderer: "svg" });
      drawn.on("click", (event) => pick.current?.(String(event.name), event.data));
      watcher = new ResizeObserver(() => drawn.resize());
      watcher.observe(box.current);
      chart.current = drawn;
      setIsReady(true);
    });
    return () => {
      isGone = true;
      watcher?.disconnect();
      chart.current?.dispose();
      chart.current = null;
    };
  }, []);

  useEffect(() => {
    if (!isReady) return;
    const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const common = {
      animation: !isCalm,
      animationDuration: 250,
      textStyle: { fontFamily: "inherit", color: palette.text.primary },
      color: [
        palette.primary.main,
        palette.success.main,
        palette.warning.main,
        palette.error.main,
        "#8e6bbf",
        "#3a9ea5",
      ],
    };
    chart.current?.setOption({ ...common, ...option }, { notMerge: true });
  }, [isReady, option, palette]);

  return <Box ref={box} role="img" aria-label={label} sx={{ height, width: "100%" }} />;
}
