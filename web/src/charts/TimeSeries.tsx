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

/** From low to high by day; null where nothing is known. */
export interface Band {
  low: { name: string; values: readonly (number | null)[] };
  high: { name: string; values: readonly (number | null)[] };
}

interface Props {
  label: string;
  /** As in 2024-02-29. */
  days: readonly string[];
  bars: Series;
  line: Series;
  band: Band;
  /** Days, as in `days`, on which something happened. */
  marks: readonly string[];
  /** A day that is not over: its bar is drawn lighter, under a name of its own. */
  running: { day: string; name: string } | null;
  table: ChartTable;
  height?: number;
}

export function TimeSeries({ label, days, bars, line, band, marks, running, table, height = 280 }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<UPlot | null>(null);
  const { palette } = useTheme();
  const { t, i18n } = useTranslation();

  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const format = formatIn(i18n.language);
    const text = (_: UPlot, value: number | null) => format.number(value);
    const numbers = (_: UPlot, values: number[]) => values.map((value) => format.number(value));
    const ink = { stroke: palette.text.secondary, grid: { stroke: palette.divider }, ticks: { show: false } };
    const bar = {
      value: text,
      ...(UPlot.paths.bars ? { paths: UPlot.paths.bars({ size: [0.7] }) } : {}),
      points: { show: false },
    };
    const edge = { value: text, stroke: "transparent", points: { show: false } };
    const seconds = days.map((day) => Date.parse(day) / 1000);
    const drawn = new UPlot(
      {
        width: element.clientWidth,
        height,
        tzDate: (seconds) => UPlot.tzDate(new Date(1000 * seconds), "UTC"),
        scales: {
          x: { range: (_, first, last) => [first - 43_200, last + 43_200] },
          line: {},
          y: { range: (_, low, high) => [Math.min(0, low), 1.05 * Math.max(high, 1)] },
        },
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
          { label: t("chart.day"), value: (_, seconds) => (seconds === null ? "" : shortDay(seconds, i18n.language)) },
          { ...bar, label: bars.name, fill: palette.primary.main },
          {
            label: line.name,
            value: text,
            scale: "line",
            stroke: palette.success.main,
            width: 2,
            points: { show: false },
          },
          { ...edge, label: band.low.name },
          { ...edge, label: band.high.name },
          ...(running
            ? [{ ...bar, label: running.name, fill: `color-mix(in srgb, ${palette.primary.main} 45%, transparent)` }]
            : []),
        ],
        bands: [{ series: [4, 3], fill: `color-mix(in srgb, ${palette.warning.main} 28%, transparent)` }],
        hooks: { draw: [(plot) => drawMarks(plot, marks, palette.error.main)] },
      },
      [
        seconds,
        bars.values.map((value, place) => (days[place] === running?.day ? null : value)),
        [...line.values],
        [...band.low.values],
        [...band.high.values],
        ...(running ? [bars.values.map((value, place) => (days[place] === running.day ? value : null))] : []),
      ],
      element,
    );
    const watcher = new ResizeObserver(() => drawn.setSize({ width: element.clientWidth, height }));
    watcher.observe(element);
    plot.current = drawn;
    return () => {
      watcher.disconnect();
      drawn.destroy();
    };
  }, [days, bars, line, band, marks, running, height, palette, t, i18n.language]);

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

/** A dashed line down to each day on which something happened. */
function drawMarks(plot: UPlot, marks: readonly string[], colour: string): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.strokeStyle = colour;
  ctx.setLineDash([5 * devicePixelRatio, 4 * devicePixelRatio]);
  for (const day of marks) {
    const x = plot.valToPos(Date.parse(day) / 1000, "x", true);
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
  }
  ctx.restore();
}

function shortDay(seconds: number, language: string): string {
  const options: Intl.DateTimeFormatOptions = { day: "numeric", month: "short", timeZone: "UTC" };
  return new Intl.DateTimeFormat(language, options).format(new Date(1000 * seconds));
}
