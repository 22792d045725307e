/** Draws a chart once more on a canvas, for a picture. Loaded when the first picture is asked for. */
import { type EChartsCoreOption, init, use } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";
import "./echarts";

use([CanvasRenderer]);

export function drawn(
  option: EChartsCoreOption,
  { width, height, theme }: { width: number; height: number; theme: "dark" | null },
): HTMLCanvasElement {
  const box = document.createElement("div");
  const chart = init(box, theme, { renderer: "canvas", width, height, devicePixelRatio: 2 });
  try {
    chart.setOption({ ...option, animation: false });
    const canvas = chart.renderToCanvas({ pixelRatio: 2 });
    const copy = document.createElement("canvas");
    copy.width = canvas.width;
    copy.height = canvas.height;
    copy.getContext("2d")?.drawImage(canvas, 0, 0);
    return copy;
  } finally {
    chart.dispose();
  }
}
