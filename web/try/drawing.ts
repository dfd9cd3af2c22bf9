/** A sheet to draw on, and the picture as a model sees it: as small, and as centred, as the pictures that it was trained on. */
import { element } from "../elements.js";

export interface Sheet {
  readonly view: HTMLElement;
  /** Grey levels from 0 to 1, row by row; zeros where nothing is drawn. */
  pixels(): Float32Array;
  /** Shows a picture in place of what was drawn. */
  put(pixels: Float32Array): void;
  clear(): void;
}

/** Pixels of the sheet for one of the picture. */
const SCALE = 10;

/**
 * @param box the longer side of what is drawn, as a share of the picture's.
 * @param changed is called when the picture has changed.
 */
export function drawingSheet(rows: number, columns: number, box: number, changed: () => void): Sheet {
  const [width, height] = [columns * SCALE, rows * SCALE];
  const canvas = element("canvas", { class: "sheet", width, height, "aria-label": "A sheet to draw on" });
  const pen = contextOf(canvas);
  const seen = element("canvas", { class: "seen", width: columns, height: rows, "aria-label": "What the model sees" });
  const eye = contextOf(seen);
  let put: Float32Array | undefined;

  const clear = () => {
    put = undefined;
    pen.fillStyle = "#000";
    pen.fillRect(0, 0, width, height);
  };
  const picture = () => put ?? centred(canvas, rows, columns, box);
  const show = () => {
    paint(eye, picture(), rows, columns);
    changed();
  };
  const place = (event: PointerEvent): readonly [number, number] => {
    const { left, top, width: shownWidth, height: shownHeight } = canvas.getBoundingClientRect();
    return [((event.clientX - left) / shownWidth) * width, ((event.clientY - top) / shownHeight) * height];
  };
  let before: readonly [number, number] | undefined;
  const line = (to: readonly [number, number]) => {
    const from = before ?? to;
    pen.strokeStyle = "#fff";
    pen.lineWidth = Math.min(width, height) * 0.085;
    pen.lineCap = "round";
    pen.beginPath();
    pen.moveTo(...from);
    // A point is a line that is not quite without length.
    pen.lineTo(to[0] + 0.01, to[1]);
    pen.stroke();
    before = to;
  };
  canvas.addEventListener("pointerdown", (event) => {
    if (put !== undefined) clear();
    canvas.setPointerCapture(event.pointerId);
    before = undefined;
    line(place(event));
    show();
    event.preventDefault();
  });
  canvas.addEventListener("pointermove", (event) => {
    if (before === undefined) return;
    for (const part of event.getCoalescedEvents?.() ?? [event]) line(place(part));
    show();
  });
  for (const end of ["pointerup", "pointercancel"] as const) {
    canvas.addEventListener(end, () => {
      before = undefined;
    });
  }
  clear();
  paint(eye, picture(), rows, columns);
  return {
    view: element(
      "div",
      { class: "drawing" },
      canvas,
      element("figure", {}, seen, element("figcaption", {}, "what the model sees")),
    ),
    pixels: picture,
    put(pixels) {
      clear();
      const small = element("canvas", { width: columns, height: rows });
      paint(contextOf(small), pixels, rows, columns);
      pen.imageSmoothingEnabled = false;
      pen.drawImage(small, 0, 0, width, height);
      put = pixels;
      show();
    },
    clear() {
      clear();
      show();
    },
  };
}

/** A picture as an element. */
export function thumbnail(pixels: Float32Array, rows: number, columns: number): HTMLCanvasElement {
  const canvas = element("canvas", { width: columns, height: rows });
  paint(contextOf(canvas), pixels, rows, columns);
  return canvas;
}

/** How much of their pictures' longer side pictures fill, on average. */
export function boxOf(pictures: readonly Float32Array[], rows: number, columns: number): number {
  const sides = pictures.map((pixels) => {
    const { left, right, top, bottom } = bounds(pixels, columns);
    return Math.max((right - left + 1) / columns, (bottom - top + 1) / rows);
  });
  return sides.length === 0 ? 20 / 28 : sides.reduce((sum, side) => sum + side, 0) / sides.length;
}

function contextOf(canvas: HTMLCanvasElement): CanvasRenderingContext2D {
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (context === null) throw new Error("This browser has no canvas.");
  return context;
}

function paint(context: CanvasRenderingContext2D, pixels: Float32Array, rows: number, columns: number): void {
  const image = context.createImageData(columns, rows);
  for (const [place, value] of pixels.entries()) {
    const level = Math.round(value * 255);
    image.data.set([level, level, level, 255], place * 4);
  }
  context.putImageData(image, 0, 0);
}

/** The places of what is not black, both ends included; of the whole where all is. */
function bounds(pixels: ArrayLike<number>, columns: number) {
  const rows = pixels.length / columns;
  let [left, right, top, bottom] = [columns, -1, rows, -1];
  for (let place = 0; place < pixels.length; place++) {
    if ((pixels[place] ?? 0) < 0.1) continue;
    const [row, column] = [Math.floor(place / columns), place % columns];
    [left, right] = [Math.min(left, column), Math.max(right, column)];
    [top, bottom] = [Math.min(top, row), Math.max(bottom, row)];
  }
  return right < 0 ? { left: 0, right: columns - 1, top: 0, bottom: rows - 1 } : { left, right, top, bottom };
}

/** What is drawn, scaled to fill the box, its centre of mass in the middle. */
function centred(sheet: HTMLCanvasElement, rows: number, columns: number, box: number): Float32Array {
  const { width, height } = sheet;
  const drawn = grey(contextOf(sheet).getImageData(0, 0, width, height));
  let [sum, sumX, sumY] = [0, 0, 0];
  for (const [place, value] of drawn.entries()) {
    sum += value;
    sumX += value * ((place % width) + 0.5);
    sumY += value * (Math.floor(place / width) + 0.5);
  }
  if (sum === 0) return new Float32Array(rows * columns);
  const { left, right, top, bottom } = bounds(drawn, width);
  const scale = Math.min((box * columns) / (right - left + 1), (box * rows) / (bottom - top + 1));
  const small = element("canvas", { width: columns, height: rows });
  const context = contextOf(small);
  context.imageSmoothingQuality = "high";
  context.setTransform(scale, 0, 0, scale, columns / 2 - (sumX / sum) * scale, rows / 2 - (sumY / sum) * scale);
  context.drawImage(sheet, 0, 0);
  return grey(context.getImageData(0, 0, columns, rows));
}

function grey({ data }: ImageData): Float32Array {
  return Float32Array.from(
    { length: data.length / 4 },
    (_, place) => ((data[place * 4] ?? 0) * (data[place * 4 + 3] ?? 0)) / 255 / 255,
  );
}
