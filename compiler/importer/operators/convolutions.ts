/** Convolutions as matrix products of the joined entries of each window, and pools of the windows. */
import type { Builder } from "../../ir/builder.js";
import { addDims, elementCount, mulDims } from "../../ir/dims.js";
import { at } from "../../ir/expect.js";
import type { Dim, Value } from "../../ir/types.js";
import { type Lowering, single } from "../lowering.js";
import { type ModelNode, staticDim } from "../node.js";
import { refuse } from "../refusal.js";
import { axesOf, expectFloat, perChannel, rankOf, take } from "./values.js";
import { type AxisWindows, stack, windowSlices, windowsOf } from "./windows.js";

/** @param kernel [outputs, inputs / groups, …]. */
function convolve(b: Builder, x: Value, kernel: Value, groups: number, windows: readonly AxisWindows[]): Value {
  const [batch = 1, channels] = x.type.shape;
  const [outputs = 1, perGroup = 1, ...sizes] = kernel.type.shape as readonly number[];
  const inputs = staticDim(channels, "channels");
  if (inputs !== perGroup * groups) return refuse(`has ${inputs} channels for ${groups} groups of ${perGroup}`);
  const slices = windowSlices(b, x, windows);
  const counts = windows.map(({ count }) => count);
  const taps = sizes.reduce((product, size) => product * size, 1);
  if (perGroup === 1 && outputs === inputs) {
    // One channel in each group: products of entries.
    const factors = b.reshape(kernel, [outputs, taps]);
    return slices
      .map((slice, tap) =>
        b.mul(slice, perChannel(b, b.reshape(b.slice(factors, 1, tap, tap + 1), [outputs]), rankOf(x))),
      )
      .reduce((sum, term) => b.add(sum, term));
  }
  const places = elementCount(counts);
  const lead: readonly Dim[] = groups === 1 ? [batch] : [batch, groups];
  const joined = slices.map((slice) => b.reshape(slice, [...lead, perGroup, 1, places]));
  const axis = lead.length + 1;
  const columns = b.reshape(joined.length === 1 ? at(joined, 0) : b.concat(joined, axis), [
    ...lead,
    perGroup * taps,
    places,
  ]);
  const matrix = b.reshape(kernel, [...lead.slice(1), outputs / groups, perGroup * taps]);
  return b.reshape(b.matmul(matrix, columns), [batch, outputs, ...counts]);
}

const withBias = (b: Builder, x: Value, bias: Value | undefined): Value =>
  bias === undefined ? x : b.add(x, perChannel(b, bias, rankOf(x)));

function convolution(node: ModelNode, b: Builder): Value {
  const [x, kernel] = [expectFloat(node.x(0)), expectFloat(node.x(1))];
  const sizes = kernel.type.shape.slice(2).map((size) => staticDim(size, "a kernel"));
  const windows = windowsOf(node, x.type.shape, sizes);
  return withBias(b, convolve(b, x, kernel, node.int("group") ?? 1, windows), node.optional(2));
}

/** A convolution of x with zeros between its entries by the kernel in reverse. */
function transposedConvolution(node: ModelNode, b: Builder): Value {
  const [x, kernel] = [expectFloat(node.x(0)), expectFloat(node.x(1))];
  const [inputs = 1, perGroup = 1, ...sizes] = kernel.type.shape.map((size) => staticDim(size, "a kernel"));
  const groups = node.int("group") ?? 1;
  const ones = sizes.map(() => 1);
  const [strides, dilations] = [node.ints("strides") ?? ones, node.ints("dilations") ?? ones];
  const extra = node.ints("output_padding") ?? sizes.map(() => 0);
  const given = node.ints("output_shape");
  const auto = node.text("auto_pad") ?? "NOTSET";
  let spread = x;
  const windows = sizes.map((size, index): AxisWindows => {
    const [axis, stride, dilation] = [index + 2, at(strides, index), at(dilations, index)];
    const length = at(x.type.shape, axis);
    const span = (size - 1) * dilation + 1;
    let [before, after] = [node.ints("pads")?.[index] ?? 0, node.ints("pads")?.[index + sizes.length] ?? 0];
    if (given !== undefined || auto.startsWith("SAME")) {
      const entries = staticDim(length, "an axis of automatic padding");
      const target = given === undefined ? entries * stride : at(given, given.length - sizes.length + index);
      const total = stride * (entries - 1) + at(extra, index) + span - target;
      const [small, large] = [Math.floor(total / 2), Math.ceil(total / 2)];
      [before, after] = auto === "SAME_UPPER" ? [small, large] : [large, small];
    }
    if (stride > 1) {
      const { shape } = spread.type;
      const blocks = b.pad(b.unsqueeze(spread, [axis + 1]), axis + 1, 0, stride - 1);
      spread = b.pad(b.reshape(blocks, shape.with(axis, mulDims(stride, at(shape, axis)))), axis, 0, 1 - stride);
    }
    const padding = { before: span - 1 - before, after: span - 1 - after + at(extra, index) };
    const count = addDims(at(spread.type.shape, axis), padding.before + padding.after - span + 1);
    return { kernel: size, stride: 1, dilation, ...padding, count };
  });
  const reversed = sizes.reduce(
    (value, size, index) =>
      take(
        b,
        value,
        index + 2,
        Array.from({ length: size }, (_, tap) => size - 1 - tap),
      ),
    kernel,
  );
  const grouped = b.reshape(reversed, [groups, inputs / groups, perGroup, ...sizes]);
  const swapped = b.transpose(grouped, [0, 2, 1, ...axesOf(sizes.length).map((axis) => axis + 3)]);
  const forward = b.reshape(swapped, [groups * perGroup, inputs / groups, ...sizes]);
  return withBias(b, convolve(b, spread, forward, groups, windows), node.optional(2));
}

function poolWindows(node: ModelNode): readonly AxisWindows[] {
  return windowsOf(node, node.shape(0), node.ints("kernel_shape") ?? refuse("has no kernel_shape"));
}

const isPadded = (windows: readonly AxisWindows[]) => windows.some(({ before, after }) => before > 0 || after > 0);

/** Ones of the size of x, as one example and channel: windows of them differ between entries and padding. */
const onesLike = (b: Builder, x: Value): Value => b.expand(b.scalar(1), [1, 1, ...x.type.shape.slice(2)]);

function maxPool(node: ModelNode, b: Builder): Value {
  const x = expectFloat(node.x(0));
  const windows = poolWindows(node);
  if (node.wants(1)) return refuse("returns the indices of the largest entries");
  const entries = stack(b, windowSlices(b, x, windows));
  if (!isPadded(windows)) return b.reduceMax(entries, [-1]);
  const isEntry = b.greater(stack(b, windowSlices(b, onesLike(b, x), windows)), 0.5);
  return b.reduceMax(b.where(isEntry, entries, Number.NEGATIVE_INFINITY), [-1]);
}

const total = (b: Builder, slices: readonly Value[]): Value => slices.reduce((sum, slice) => b.add(sum, slice));

function averagePool(node: ModelNode, b: Builder): Value {
  const x = expectFloat(node.x(0));
  const windows = poolWindows(node);
  const sum = total(b, windowSlices(b, x, windows));
  const taps = windows.reduce((product, { kernel }) => product * kernel, 1);
  const includesPads = node.int("count_include_pad") === 1;
  if (!isPadded(windows) || (includesPads && node.int("ceil_mode") !== 1)) return b.div(sum, taps);
  // Padding that the model states counts, that of a last window beyond the axis does not.
  const pads = node.ints("pads") ?? [];
  const counted = includesPads
    ? windows.reduce(
        (value, _, index) =>
          b.expand(
            b.scalar(1),
            value.type.shape.with(
              index + 2,
              addDims(at(value.type.shape, index + 2), (pads[index] ?? 0) + (pads[index + windows.length] ?? 0)),
            ),
          ),
        onesLike(b, x),
      )
    : onesLike(b, x);
  const shifted = windows.map((window, index) =>
    includesPads
      ? {
          ...window,
          before: window.before - (pads[index] ?? 0),
          after: window.after - (pads[index + windows.length] ?? 0),
        }
      : window,
  );
  return b.div(sum, total(b, windowSlices(b, counted, shifted)));
}

function lpPool(node: ModelNode, b: Builder): Value {
  const x = expectFloat(node.x(0));
  const p = node.int("p") ?? 2;
  const powers = p === 2 ? b.mul(x, x) : p === 1 ? b.abs(x) : b.pow(b.abs(x), p);
  const sum = total(b, windowSlices(b, powers, poolWindows(node)));
  return p === 1 ? sum : p === 2 ? b.sqrt(sum) : b.pow(sum, 1 / p);
}

const spatialAxes = (x: Value): readonly number[] => axesOf(rankOf(x)).slice(2);

/** x / (bias + alpha / size · Σ x²)^beta over neighboring channels. A. Krizhevsky et al. (2012). */
function localResponse(node: ModelNode, b: Builder): Value {
  const x = expectFloat(node.x(0));
  const size = node.int("size") ?? 1;
  const channels = at(x.type.shape, 1);
  const padded = b.pad(b.mul(x, x), 1, Math.floor((size - 1) / 2), Math.ceil((size - 1) / 2));
  const slices = Array.from({ length: size }, (_, start) => b.slice(padded, 1, start, addDims(channels, start)));
  const scaled = b.mul(total(b, slices), (node.float("alpha") ?? 0.0001) / size);
  return b.div(x, b.pow(b.add(scaled, node.float("bias") ?? 1), node.float("beta") ?? 0.75));
}

export const convolutionOperators: readonly Lowering[] = [
  single("Conv", convolution),
  single("ConvTranspose", transposedConvolution),
  { operator: "MaxPool", lower: (node, b) => [maxPool(node, b)] },
  single("AveragePool", averagePool),
  single("LpPool", lpPool),
  single("GlobalAveragePool", (node, b) => b.mean(node.x(0), spatialAxes(node.x(0)), true)),
  single("GlobalMaxPool", (node, b) => b.reduceMax(node.x(0), spatialAxes(node.x(0)), true)),
  single("GlobalLpPool", (node, b) => {
    const [x, p] = [expectFloat(node.x(0)), node.int("p") ?? 2];
    const sum = b.sum(b.pow(b.abs(x), p), spatialAxes(x), true);
    return b.pow(sum, 1 / p);
  }),
  single("LRN", localResponse),
];
