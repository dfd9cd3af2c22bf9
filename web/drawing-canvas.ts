/** A canvas to draw on, and the drawing as model input: scaled and centered like the training images. */
import { element } from "./dom.js";

export interface DrawingCanvas {
  readonly view: HTMLElement;
  /** Gray levels in [0, 1], row by row; zeros without a drawing. */
  pixels(): Float32Array;
  /** Replaces the drawing by an image. */
  setPixels(pixels: Float32Array): void;
  clear(): void;
}

/** Canvas pixels per image pixel. */
const SCALE = 10;

/**
 * @param boxSize longer side of the drawing's bounding box, relative to the image.
 * @param onChange called after each change.
 */
export function createDrawingCanvas(
  rows: number,
  columns: number,
  boxSize: number,
  onChange: () => void,
): DrawingCanvas {
  const [width, height] = [columns * SCALE, rows * SCALE];
  const canvas = element("canvas", { class: "canvas", width, height, "aria-label": "Canvas to draw on" });
  const context = contextOf(canvas);
  const preview = element("canvas", {
    class: "preview",
    width: columns,
    height: rows,
    "aria-label": "Model input",
  });
  const previewContext = contextOf(preview);
  let image: Float32Array | undefined;

  const clear = () => {
    image = undefined;
    context.fillStyle = "#000";
    context.fillRect(0, 0, width, height);
  };
  const currentPixels = () => image ?? centerDrawing(canvas, rows, columns, boxSize);
  const show = () => {
    paint(previewContext, currentPixels(), rows, columns);
    onChange();
  };
  const pointerPosition = (event: PointerEvent): readonly [number, number] => {
    const { left, top, width: shownWidth, height: shownHeight } = canvas.getBoundingClientRect();
    return [((event.clientX - left) / shownWidth) * width, ((event.clientY - top) / shownHeight) * height];
  };
  let lastPoint: readonly [number, number] | undefined;
  const drawLine = (to: readonly [number, number]) => {
    const from = lastPoint ?? to;
    context.strokeStyle = "#fff";
    context.lineWidth = Math.min(width, height) * 0.085;
    context.lineCap = "round";
    context.beginPath();
    context.moveTo(...from);
    // A line of zero length draws nothing.
    context.lineTo(to[0] + 0.01, to[1]);
    context.stroke();
    lastPoint = to;
  };
  canvas.addEventListener("pointerdown", (event) => {
    if (image !== undefined) clear();
    canvas.setPointerCapture(event.pointerId);
    lastPoint = undefined;
    drawLine(pointerPosition(event));
    show();
    event.preventDefault();
  });
  canvas.addEventListener("pointermove", (event) => {
    if (lastPoint === undefined) return;
    for (const coalesced of event.getCoalescedEvents?.() ?? [event]) drawLine(pointerPosition(coalesced));
    show();
  });
  for (const eventName of ["pointerup", "pointercancel"] as const) {
    canvas.addEventListener(eventName, () => {
      lastPoint = undefined;
    });
  }
  clear();
  paint(previewContext, currentPixels(), rows, columns);
  return {
    view: element(
      "div",
      { class: "drawing" },
      canvas,
      element("figure", {}, preview, element("figcaption", {}, "model input")),
    ),
    pixels: currentPixels,
    setPixels(pixels) {
      clear();
      const scaledImage = element("canvas", { width: columns, height: rows });
      paint(contextOf(scaledImage), pixels, rows, columns);
      context.imageSmoothingEnabled = false;
      context.drawImage(scaledImage, 0, 0, width, height);
      image = pixels;
      show();
    },
    clear() {
      clear();
      show();
    },
  };
}

/** An image as an element. */
export function thumbnail(pixels: Float32Array, rows: number, columns: number): HTMLCanvasElement {
  const canvas = element("canvas", { width: columns, height: rows });
  paint(contextOf(canvas), pixels, rows, columns);
  return canvas;
}

/** Mean relative size of the bounding boxes of images, by their longer side. */
export function averageBoxSize(images: readonly Float32Array[], rows: number, columns: number): number {
  const sides = images.map((pixels) => {
    const { left, right, top, bottom } = bounds(pixels, columns);
    return Math.max((right - left + 1) / columns, (bottom - top + 1) / rows);
  });
  return sides.length === 0 ? 20 / 28 : sides.reduce((sum, side) => sum + side, 0) / sides.length;
}

function contextOf(canvas: HTMLCanvasElement): CanvasRenderingContext2D {
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (context === null) throw new Error("This browser does not support canvas.");
  return context;
}

function paint(context: CanvasRenderingContext2D, pixels: Float32Array, rows: number, columns: number): void {
  const image = context.createImageData(columns, rows);
  for (const [index, value] of pixels.entries()) {
    const level = Math.round(value * 255);
    image.data.set([level, level, level, 255], index * 4);
  }
  context.putImageData(image, 0, 0);
}

/** The bounding box of the pixels that are not black, inclusive; the whole image if all are black. */
function bounds(pixels: ArrayLike<number>, columns: number) {
  const rows = pixels.length / columns;
  let [left, right, top, bottom] = [columns, -1, rows, -1];
  for (let index = 0; index < pixels.length; index++) {
    if ((pixels[index] ?? 0) < 0.1) continue;
    const [row, column] = [Math.floor(index / columns), index % columns];
    [left, right] = [Math.min(left, column), Math.max(right, column)];
    [top, bottom] = [Math.min(top, row), Math.max(bottom, row)];
  }
  return right < 0 ? { left: 0, right: columns - 1, top: 0, bottom: rows - 1 } : { left, right, top, bottom };
}

/** The drawing, scaled to the box, with its center of mass in the center of the image. */
function centerDrawing(canvas: HTMLCanvasElement, rows: number, columns: number, boxSize: number): Float32Array {
  const { width, height } = canvas;
  const pixels = toGrayscale(contextOf(canvas).getImageData(0, 0, width, height));
  let [sum, sumX, sumY] = [0, 0, 0];
  for (const [index, value] of pixels.entries()) {
    sum += value;
    sumX += value * ((index % width) + 0.5);
    sumY += value * (Math.floor(index / width) + 0.5);
  }
  if (sum === 0) return new Float32Array(rows * columns);
  const { left, right, top, bottom } = bounds(pixels, width);
  const scale = Math.min((boxSize * columns) / (right - left + 1), (boxSize * rows) / (bottom - top + 1));
  const scaledImage = element("canvas", { width: columns, height: rows });
  const context = contextOf(scaledImage);
  context.imageSmoothingQuality = "high";
  context.setTransform(scale, 0, 0, scale, columns / 2 - (sumX / sum) * scale, rows / 2 - (sumY / sum) * scale);
  context.drawImage(canvas, 0, 0);
  return toGrayscale(context.getImageData(0, 0, columns, rows));
}

function toGrayscale({ data }: ImageData): Float32Array {
  return Float32Array.from(
    { length: data.length / 4 },
    (_, index) => ((data[index * 4] ?? 0) * (data[index * 4 + 3] ?? 0)) / 255 / 255,
  );
}
