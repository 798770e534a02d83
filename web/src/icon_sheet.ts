import { allIcons } from "./status_look.ts";

/** Signs side by side on one sheet; a power of two, as the card scales those best. */
export const ICON_CELLS = 16;
const CELL = 64;

const ORDER = allIcons().slice(0, ICON_CELLS);

/** The cell of a sign on the sheet. */
export function iconCell(icon: string): number {
  return Math.max(0, ORDER.indexOf(icon));
}

/** All signs as white strokes on nothing; the pin's shader takes their alpha and paints them in its own colour. */
export function drawIconSheet(): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  canvas.width = ICON_CELLS * CELL;
  canvas.height = CELL;
  const context = canvas.getContext("2d");
  if (context === null) throw new Error("the browser draws no canvas");
  context.strokeStyle = "#fff";
  context.lineWidth = 2.3;
  context.lineCap = "round";
  context.lineJoin = "round";
  for (const [cell, icon] of ORDER.entries()) {
    context.setTransform(CELL / 16, 0, 0, CELL / 16, cell * CELL, 0);
    context.stroke(new Path2D(icon));
  }
  return canvas;
}
