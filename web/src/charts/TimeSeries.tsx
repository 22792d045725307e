/** Bars and a line over days: small enough to be there with the first page. Days are drawn as days of UTC. */
import "uplot/dist/uPlot.min.css";
import Box from "@mui/material/Box";
import { useTheme } from "@mui/material/styles";
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import UPlot from "uplot";
import { formatIn } from "../i18n";
import type { ChartTable } from "./csv";
import { Figure } from "./Figure";
import { savePicture } from "./picture";

interface Series {
  name: string;
  values: readonly number[];
}

interface Props {
  label: string;
  /** As in 2024-02-29. */
  days: readonly string[];
  bars: Series;
  line: Series;
  table: ChartTable;
  height?: number;
}

export function TimeSeries({ label, days, bars, line, table, height = 280 }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<UPlot | null>(null);
  const { palette } = useTheme();
  const { i18n } = useTranslation();

  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const format = formatIn(i18n.language);
    const text = (_: UPlot, value: number | null) => format.number(value);
    const numbers = (_: UPlot, values: number[]) => values.map((value) => format.number(value));
    const ink = { stroke: palette.text.secondary, grid: { stroke: palette.divider }, ticks: { show: false } };
    const drawn = new UPlot(
      {
        width: element.clientWidth,
        height,
        tzDate: (seconds) => UPlot.tzDate(new Date(1000 * seconds), "UTC"),
        scales: { x: { range: (_, first, last) => [first - 43_200, last + 43_200] }, line: {} },
        axes: [
          {
            ...ink,
            grid: { show: false },
            values: (_, seconds) => seconds.map((each) => shortDay(each, i18n.language)),
          },
          { ...ink, values: numbers, size: 60 },
          { ...ink, scale: "line", side: 1, grid: { show: false }, values: numbers, size: 50 },
        ],
        series: [
          { value: (_, seconds) => (seconds === null ? "" : shortDay(seconds, i18n.language)) },
          {
            label: bars.name,
            value: text,
            fill: palette.primary.main,
            ...(UPlot.paths.bars ? { paths: UPlot.paths.bars({ size: [0.7] }) } : {}),
            points: { show: false },
          },
          {
            label: line.name,
            value: text,
            scale: "line",
            stroke: palette.success.main,
            width: 2,
            points: { show: false },
          },
        ],
      },
      [days.map((day) => Date.parse(day) / 1000), [...bars.values], [...line.values]],
      element,
    );
    const watcher = new ResizeObserver(() => drawn.setSize({ width: element.clientWidth, height }));
    watcher.observe(element);
    plot.current = drawn;
    return () => {
      watcher.disconnect();
      drawn.destroy();
    };
  }, [days, bars, line, height, palette, i18n.language]);

  async function save() {
    if (plot.current === null) return;
    await savePicture(label, plot.current.ctx.canvas, { ink: palette.text.primary, paper: palette.background.paper }, [
      { name: bars.name, color: palette.primary.main },
      { name: line.name, color: palette.success.main },
    ]);
  }

  return (
    <Figure label={label} table={table} height={height} savePicture={save}>
      <Box ref={box} role="img" aria-label={label} sx={{ width: "100%", fontSize: 13 }} />
    </Figure>
  );
}

function shortDay(seconds: number, language: string): string {
  const options: Intl.DateTimeFormatOptions = { day: "numeric", month: "short", timeZone: "UTC" };
  return new Intl.DateTimeFormat(language, options).format(new Date(1000 * seconds));
}
