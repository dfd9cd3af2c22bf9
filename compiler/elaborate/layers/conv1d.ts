/**
 * conv1d: a convolution over time, y_t = Σ_k x_{t stride + k dilation - before} @ W_k + b; `<name>/W` [kernel_size, in
 * / groups, size], `<name>/b` [size], and twice as many columns for gated activations. The steps of a window are joined
 * along the last axis, so that one product has all of them: in training that is faster than ONNX's Conv
 * (docs/decisions/0027-convolutions.md). In code, because it reads windows of time, and changes the lengths.
 */
import { convolutionWindows, spanOf, type Windows } from "../../../schema/kinds/windows.js";
import type { NormalConv1d } from "../../../schema/normal/index.js";
import type { Builder } from "../../ir/builder.js";
import { mulDims } from "../../ir/dims.js";
import { at } from "../../ir/expect.js";
import type { Dim, Value } from "../../ir/types.js";
import { activate, preActivationSize } from "../activations.js";
import type { Context, LayerDefinition } from "../context.js";
import { constantZero } from "../initializers.js";
import { withHistory } from "../stream-history.js";
import { checkWindows, windowMask, windowSteps } from "../time-windows.js";
import { kernelOf } from "../weight-norm.js";
import { type Wire, width } from "../wire.js";
import { checkNumericSequence } from "./numeric-input.js";

/** Channels in and out. */
interface Channels {
  readonly input: Dim;
  readonly output: Dim;
}

export const conv1d: LayerDefinition<NormalConv1d> = {
  elaborate(layer, input, context) {
    const { b, size, parameter } = context;
    if (!checkNumericSequence(layer, input, context)) return undefined;
    const outputSize = size(layer.size, layer, "size");
    const columns = outputSize && preActivationSize(layer, outputSize, context);
    if (columns === undefined) return undefined;
    const channels = { input: width(input), output: columns };
    const groupWidth = groupWidthOf(layer, channels, context);
    const windows = convolutionWindows(layer);
    if (groupWidth === undefined) return undefined;
    if (!checkWindows(layer, "kernel_size", input, windows, context)) return undefined;
    const owner = layer.weights ?? layer.name;
    const kernel = kernelOf(layer, owner, [layer.kernel_size, groupWidth, channels.output], context);
    const sequence = windows.after > 0 && input.mask !== null ? b.where(input.mask, input.value, 0) : input.value;
    const steps =
      context.mode === "stream"
        ? streamedSteps(layer, { ...input, value: sequence }, windows, context)
        : windowSteps(b, sequence, windows);
    const product = convolve(b, steps, kernel, layer.groups, channels);
    const bias = layer.bias ? parameter(`${owner}/b`, [channels.output], constantZero) : null;
    const preActivation = bias === null ? product : b.add(product, bias);
    const maskOf = () => windowMask(input, windows, context);
    const activated = activate(layer, b.withName(preActivation, layer.name), maskOf, context);
    if (activated === undefined) return undefined;
    const { value, logits } = activated;
    return { value: b.withName(value, layer.name), sequence: true, mask: maskOf(), padding: "zeros", logits };
  },
};

/** Input channels of a group; undefined where the groups do not divide the channels, or these depend on the data. */
function groupWidthOf(layer: NormalConv1d, channels: Channels, { problem }: Context): Dim | undefined {
  const { groups } = layer;
  if (groups === 1) return channels.input;
  const indivisible = ([channels.input, channels.output] as const).find(
    (count) => typeof count === "number" && count % groups !== 0,
  );
  if (indivisible !== undefined)
    return problem({
      part: layer,
      key: "groups",
      code: "group-count",
      message: `${layer.name} has ${groups} groups, which do not divide its ${indivisible === channels.input ? "input" : "output"} of ${indivisible} channels.`,
      hint: "Choose a divisor of both numbers of channels.",
    });
  return typeof channels.input === "number" && typeof channels.output === "number"
    ? channels.input / groups
    : undefined;
}

/**
 * Σ_k steps_k @ W_k within each group of channels: [windows, batch, size].
 *
 * @param steps the steps of the windows, [windows, batch, in] each.
 */
function convolve(b: Builder, steps: readonly Value[], kernel: Value, groups: number, channels: Channels): Value {
  const [count, batch] = at(steps, 0).type.shape as readonly [Dim, Dim];
  const [size, groupWidth] = kernel.type.shape as readonly [number, Dim];
  const { input, output } = channels;
  if (groupWidth === 1 && groups > 1 && output === groups) {
    // One channel in and out of each group: entry times entry.
    const stacked = b.reshape(b.concat(steps, 0), [size, count, batch, input]);
    return b.sum(b.mul(stacked, b.unsqueeze(kernel, [1])), [0]);
  }
  const columns = b.concat(steps, -1);
  const rows = mulDims(size, groupWidth);
  if (groups === 1) return b.matmul(columns, b.reshape(kernel, [rows, output]));
  const groupSize = Number(output) / groups;
  const perGroup = b.transpose(b.reshape(columns, [mulDims(count, batch), size, groups, groupWidth]), [2, 0, 1, 3]);
  const kernels = b.transpose(b.reshape(kernel, [rows, groups, groupSize]), [1, 0, 2]);
  const products = b.matmul(b.reshape(perGroup, [groups, mulDims(count, batch), rows]), kernels);
  return b.reshape(b.transpose(products, [1, 0, 2]), [count, batch, output]);
}

/**
 * The steps of the windows of a sequence that is read in pieces: the last inputs before a piece are the state
 * `<name>/inputs` [batch, span, in], at first zeros.
 */
function streamedSteps(layer: NormalConv1d, input: Wire, windows: Windows, context: Context): readonly Value[] {
  const span = spanOf(windows);
  if (span === 0) return [input.value];
  const history = withHistory(input, `${layer.name}/inputs`, span, context);
  return windowSteps(context.b, history, { ...windows, before: 0 });
}
