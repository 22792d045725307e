/**
 * A chart of any kind with its numbers. It is drawn once it comes near the part of the page in sight, so that a page with
 * several charts is there before them. The drawing library is large: it is loaded for the first chart, and the overview
 * does without it (`TimeSeries`).
 */
import Box from "@mui/material/Box";
import { useTheme } from "@mui/material/styles";
import type { EChartsCoreOption, EChartsType } from "echarts/core";
import { useEffect, useMemo, useRef, useState } from "react";
import type { ChartTable } from "./csv";
import { Figure } from "./Figure";
import { savePicture } from "./picture";

/** How far from what is in sight a chart is drawn. */
const NEAR = "300px";

interface Props {
  label: string;
  option: EChartsCoreOption;
  table: ChartTable;
  height?: number;
  /** What a part of the picture leads to, by what echarts says of it. The table leads there too. */
  onPart?: (part: ChartPart) => void;
}

export interface ChartPart {
  dataIndex: number;
  seriesIndex: number;
  /** Of a Sankey: whether it is a flow. */
  dataType?: string;
}

export function Chart({ label, option, table, height = 280, onPart }: Props) {
  const style = useStyle();
  // Axes, legends and labels in ink that can be read on dark paper.
  const theme = useTheme().palette.mode === "dark" ? "dark" : null;
  const box = useRef<HTMLDivElement>(null);
  const whole = useMemo(() => ({ ...style, ...option }), [style, option]);

  async function save() {
    const { drawn } = await import("./offscreen");
    const canvas = drawn(whole, { width: box.current?.clientWidth || 800, height, theme });
    await savePicture(label, canvas, style.picture);
  }

  return (
    <Figure label={label} table={table} height={height} savePicture={save}>
      <div ref={box}>
        <Picture key={theme} label={label} option={whole} height={height} theme={theme} onPart={onPart} />
      </div>
    </Figure>
  );
}

/** What all charts have in common, in the colours of the page. */
function useStyle() {
  const { palette } = useTheme();
  return useMemo(() => {
    const ink = palette.text.primary;
    return {
      backgroundColor: "transparent",
      textStyle: { fontFamily: "system-ui, sans-serif", color: ink },
      color: [
        palette.primary.main,
        palette.success.main,
        palette.warning.main,
        palette.error.main,
        "#8e6bbf",
        "#3a9ea5",
      ],
      picture: { ink, paper: palette.background.paper },
    };
  }, [palette]);
}

function Picture({
  label,
  option,
  height,
  theme,
  onPart,
}: {
  label: string;
  option: EChartsCoreOption;
  height: number;
  theme: "dark" | null;
  onPart: ((part: ChartPart) => void) | undefined;
}) {
  const box = useRef<HTMLDivElement>(null);
  const chart = useRef<EChartsType | null>(null);
  const part = useRef(onPart);
  part.current = onPart;
  const [isReady, setIsReady] = useState(false);

  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    let isGone = false;
    let watcher: ResizeObserver | undefined;
    const draw = async () => {
      const { init } = await import("./echarts");
      if (isGone) return;
      const drawn = init(element, theme, { renderer: "svg" });
      watcher = new ResizeObserver(() => drawn.resize());
      watcher.observe(element);
      drawn.on("click", (event) => part.current?.(event as unknown as ChartPart));
      chart.current = drawn;
      setIsReady(true);
    };
    const sight = new IntersectionObserver(
      (seen) => {
        if (!seen.some(({ isIntersecting }) => isIntersecting)) return;
        sight.disconnect();
        void draw();
      },
      { rootMargin: NEAR },
    );
    sight.observe(element);
    return () => {
      isGone = true;
      sight.disconnect();
      watcher?.disconnect();
      chart.current?.dispose();
      chart.current = null;
    };
  }, [theme]);

  useEffect(() => {
    if (!isReady) return;
    const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    chart.current?.setOption({ animation: !isCalm, animationDuration: 250, ...option }, { notMerge: true });
  }, [isReady, option]);

  return <Box ref={box} role="img" aria-label={label} sx={{ height, width: "100%" }} />;
}
