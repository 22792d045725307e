/** Charts as PNG files: what is drawn, its name above it, on the colour of the page. */

const SCALE = 2;
const HEAD = 36;

export interface PictureStyle {
  ink: string;
  paper: string;
}

/** Puts a drawn canvas under its name and offers it as a file. `legend` has the names of series with their colours. */
export async function savePicture(
  name: string,
  drawn: HTMLCanvasElement,
  style: PictureStyle,
  legend: readonly { name: string; color: string }[] = [],
): Promise<void> {
  const canvas = document.createElement("canvas");
  canvas.width = drawn.width;
  canvas.height = drawn.height + HEAD * SCALE;
  const pen = canvas.getContext("2d");
  if (pen === null) return;
  pen.fillStyle = style.paper;
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.drawImage(drawn, 0, HEAD * SCALE);
  pen.font = `600 ${14 * SCALE}px system-ui, sans-serif`;
  pen.fillStyle = style.ink;
  pen.fillText(name, 12 * SCALE, 23 * SCALE);
  let right = canvas.width - 12 * SCALE;
  pen.font = `${12 * SCALE}px system-ui, sans-serif`;
  for (const each of [...legend].reverse()) {
    right -= pen.measureText(each.name).width;
    pen.fillStyle = each.color;
    pen.fillText(each.name, right, 23 * SCALE);
    right -= 16 * SCALE;
  }
  const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done, "image/png"));
  if (blob === null) return;
  const url = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = url;
  link.download = `${name}.png`;
  link.click();
  // The browser reads the file after this returns.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
