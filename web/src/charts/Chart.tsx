/**
 * A chart of any kind with its numbers. The drawing library is large: it is loaded when the first chart is shown, and the
 * overview does without it (`TimeSeries`).
 */
import Box from "@mui/material/Box";
import { useTheme } from "@mui/material/styles";
import type { EChartsCoreOption, EChartsType } from "echarts/core";
import { useEffect, useRef, useState } from "react";
import type { ChartTable } from "./csv";
import { Figure } from "./Figure";

interface Props {
  label: string;
  option: EChartsCoreOption;
  table: ChartTable;
  height?: number;
}

export function Chart({ label, option, table, height = 280 }: Props) {
  return (
    <Figure label={label} table={table} height={height}>
      <Picture label={label} option={option} height={height} />
    </Figure>
  );
}

function Picture({ label, option, height }: { label: string; option: EChartsCoreOption; height: number }) {
  const box = useRef<HTMLDivElement>(null);
  const chart = useRef<EChartsType | null>(null);
  const [isReady, setIsReady] = useState(false);
  const { palette } = useTheme();

  useEffect(() => {
    let isGone = false;
    let watcher: ResizeObserver | undefined;
    void import("./echarts").then(({ init }) => {
      if (isGone || box.current === null) return;
      const drawn = init(box.current, null, { renderer: "svg" });
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
