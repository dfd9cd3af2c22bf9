/** Resizing along axes of known size: chosen entries, or weighted sums of neighbors as a product with a constant matrix. */
import type { Builder } from "../../ir/builder.js";
import { tensor } from "../../ir/tensor.js";
import type { Value } from "../../ir/types.js";
import { type Lowering, single } from "../lowering.js";
import { type ModelNode, staticDim } from "../node.js";
import { refuse } from "../refusal.js";
import { alongAxis, axesOf, expectFloat, rankOf, take } from "./values.js";

/** The size of an axis before and after, and the factor between coordinates. */
interface AxisScale {
  readonly from: number;
  readonly to: number;
  readonly scale: number;
}

/** The coordinate in the operand of an entry of the result. */
function coordinate(mode: string, index: number, { from, to, scale }: AxisScale): number {
  switch (mode) {
    case "half_pixel":
      return (index + 0.5) / scale - 0.5;
    case "pytorch_half_pixel":
      return to > 1 ? (index + 0.5) / scale - 0.5 : 0;
    case "align_corners":
      return to === 1 ? 0 : (index * (from - 1)) / (to - 1);
    case "asymmetric":
      return index / scale;
    case "half_pixel_symmetric":
      return (from / 2) * (1 - to / (scale * from)) + (index + 0.5) / scale - 0.5;
    default:
      return refuse(`has the coordinates ${mode}`);
  }
}

function nearest(mode: string, position: number): number {
  switch (mode) {
    case "round_prefer_floor":
      return Math.ceil(position - 0.5);
    case "round_prefer_ceil":
      return Math.floor(position + 0.5);
    case "floor":
      return Math.floor(position);
    case "ceil":
      return Math.ceil(position);
    default:
      return refuse(`has the rounding ${mode}`);
  }
}

/** R. Keys, Cubic Convolution Interpolation for Digital Image Processing (1981). */
function cubicWeights(fraction: number, a: number): readonly number[] {
  const near = (t: number) => ((a + 2) * t - (a + 3)) * t * t + 1;
  const far = (t: number) => ((a * t - 5 * a) * t + 8 * a) * t - 4 * a;
  return [far(fraction + 1), near(fraction), near(1 - fraction), far(2 - fraction)];
}

/** The weights [to, from] of the entries of an axis in those of the result. */
function weightMatrix(mode: string, coordinates: string, axis: AxisScale, a: number, excludes: boolean): Float64Array {
  const { from, to } = axis;
  const matrix = new Float64Array(to * from);
  for (let row = 0; row < to; row++) {
    const position = coordinate(coordinates, row, axis);
    const first = Math.floor(position);
    const [start, weights] =
      mode === "linear"
        ? [first, [1 - (position - first), position - first]]
        : [first - 1, cubicWeights(position - first, a)];
    const isOutside = (index: number) => index < 0 || index >= from;
    const kept = weights.map((weight, index) => (excludes && isOutside(start + index) ? 0 : weight));
    const total = excludes ? kept.reduce((sum, weight) => sum + weight, 0) : 1;
    for (const [index, weight] of kept.entries()) {
      const column = row * from + Math.min(Math.max(start + index, 0), from - 1);
      matrix[column] = (matrix[column] ?? 0) + weight / total;
    }
  }
  return matrix;
}

interface Options {
  readonly mode: string;
  readonly coordinates: string;
  readonly rounding: string;
  readonly cubic: number;
  readonly excludes: boolean;
}

function resizeAxis(b: Builder, x: Value, axis: number, scale: AxisScale, options: Options): Value {
  const { from, to } = scale;
  if (options.mode === "nearest") {
    const positions = Array.from({ length: to }, (_, index) =>
      nearest(options.rounding, coordinate(options.coordinates, index, scale)),
    );
    return take(
      b,
      x,
      axis,
      positions.map((position) => Math.min(Math.max(position, 0), from - 1)),
    );
  }
  if (options.mode !== "linear" && options.mode !== "cubic") return refuse(`interpolates by ${options.mode}`);
  const weights = weightMatrix(options.mode, options.coordinates, scale, options.cubic, options.excludes);
  const matrix = b.transpose(b.constant(tensor("float32", [to, from], weights)), [1, 0]);
  return alongAxis(b, x, axis, (moved) =>
    rankOf(moved) === 1 ? b.squeeze(b.matmul(b.unsqueeze(moved, [0]), matrix), [0]) : b.matmul(moved, matrix),
  );
}

/** Resizes the axes by factors, or to sizes. */
function resizeAxes(
  b: Builder,
  x: Value,
  axes: readonly number[],
  given: { readonly scales?: readonly number[]; readonly sizes?: readonly number[] },
  options: Options,
): Value {
  return axes.reduce((value, axis, index) => {
    const factor = given.scales?.[index];
    if (factor === 1) return value;
    const from = staticDim(value.type.shape[axis], "an axis");
    // Scales are float32: their product with a size is rounded as in the standard's float32 arithmetic.
    const to = given.sizes?.[index] ?? Math.floor(Math.fround(from * (factor ?? 1)));
    if (to === from && factor === undefined) return value;
    return resizeAxis(b, value, axis, { from, to, scale: factor ?? to / from }, options);
  }, b.identity(x));
}

function resize(node: ModelNode, b: Builder): Value {
  const x = expectFloat(node.x(0));
  if (node.int("antialias") === 1) return refuse("smooths before it shrinks (antialias)");
  if ((node.text("keep_aspect_ratio_policy") ?? "stretch") !== "stretch") return refuse("keeps the aspect ratio");
  const axes = node.ints("axes")?.map((axis) => node.axis(axis, rankOf(x))) ?? axesOf(rankOf(x));
  const [scalesAt, sizesAt] = node.opset < 11 ? [1, -1] : [2, 3];
  const hasScales = node.has(scalesAt) && node.shape(scalesAt)[0] !== 0;
  const options = {
    mode: node.text("mode") ?? "nearest",
    coordinates: node.text("coordinate_transformation_mode") ?? (node.opset < 11 ? "asymmetric" : "half_pixel"),
    rounding: node.text("nearest_mode") ?? (node.opset < 11 ? "floor" : "round_prefer_floor"),
    cubic: node.float("cubic_coeff_a") ?? -0.75,
    excludes: node.int("exclude_outside") === 1,
  };
  if (hasScales) return resizeAxes(b, x, axes, { scales: node.integers(scalesAt, "its scales") }, options);
  return resizeAxes(b, x, axes, { sizes: node.integers(sizesAt, "its sizes") }, options);
}

export const resizeOperators: readonly Lowering[] = [
  single("Resize", resize, { opsets: [10, 26] }),
  single(
    "Upsample",
    (node, b) => {
      const x = expectFloat(node.x(0));
      const scales = node.has(1) ? node.integers(1, "its scales") : (node.attribute("scales")?.floats ?? []);
      const options = {
        mode: node.text("mode") ?? "nearest",
        coordinates: "asymmetric",
        rounding: "floor",
        cubic: 0,
        excludes: false,
      };
      return resizeAxes(b, x, axesOf(rankOf(x)), { scales }, options);
    },
    { opsets: [7, 9] },
  ),
];
