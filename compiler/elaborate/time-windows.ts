/** Windows over the leading time axis of a sequence: their steps as slices, their number, and the mask that follows. */
import { spanOf, type Windows, windowCount } from "../../schema/kinds/windows.js";
import type { NormalLayer } from "../../schema/normal/index.js";
import type { Builder } from "../ir/builder.js";
import { addDims, floorDivDims, mulDims, subDims } from "../ir/dims.js";
import { at } from "../ir/expect.js";
import type { Dim, Value } from "../ir/types.js";
import type { Context } from "./context.js";
import type { Wire } from "./wire.js";

/** The number of windows of a sequence of `time` steps. */
export function windowDim(time: Dim, windows: Windows): Dim {
  if (typeof time === "number") return windowCount(time, windows);
  const { before, after, stride } = windows;
  return addDims(floorDivDims(addDims(time, before + after - spanOf(windows) - 1), stride), 1);
}

/**
 * The steps of all windows of a sequence [time, batch, features]: value k, [windows, batch, features], has step k of
 * each window.
 */
export function windowSteps(b: Builder, sequence: Value, windows: Windows): readonly Value[] {
  const [time, batch, features] = sequence.type.shape as readonly [Dim, Dim, Dim];
  const { size, stride, dilation, before, after } = windows;
  const count = windowDim(time, windows);
  if (stride === 1) {
    const padded = before + after === 0 ? sequence : b.pad(sequence, 0, before, after);
    return Array.from({ length: size }, (_, k) => b.slice(padded, 0, k * dilation, addDims(k * dilation, count)));
  }
  // Step s of window j is at j stride + s: entry [j + floor(s / stride), s mod stride] of blocks of `stride` steps. The
  // blocks are those of the padded sequence, so that the number of zeros after it is never negative.
  const blocks = addDims(floorDivDims(addDims(time, before + after - 1), stride), 1);
  const padded = b.pad(sequence, 0, before, subDims(mulDims(blocks, stride), addDims(time, before)));
  const inBlocks = b.reshape(padded, [blocks, mulDims(stride, batch), features]);
  return Array.from({ length: size }, (_, k) => {
    const [block, phase] = [Math.floor((k * dilation) / stride), (k * dilation) % stride];
    const steps = b.slice(inBlocks, 1, mulDims(phase, batch), mulDims(phase + 1, batch));
    return b.slice(steps, 0, block, addDims(block, count));
  });
}

/** The mask of windows that lie within the lengths and their padding; null where every step is valid. */
export function windowMask(wire: Wire, windows: Windows, { b, lengthsOf, recordMask }: Context): Value | null {
  const { mask } = wire;
  const { before, after, stride } = windows;
  const span = spanOf(windows);
  if (mask === null || (stride === 1 && before + after === span)) return mask;
  // max(n + padding - span - 1 + stride, 0) / stride: division of integers truncates.
  const numerator = b.max(b.add(b.cast(lengthsOf(mask), "int64"), before + after - span - 1 + stride), 0);
  const lengths = stride === 1 ? numerator : b.div(numerator, stride);
  const steps = b.unsqueeze(b.range(windowDim(at(wire.value.type.shape, 0), windows)), [1]);
  const shorterMask = b.unsqueeze(b.less(steps, b.unsqueeze(lengths, [0])), [2]);
  recordMask(shorterMask, lengths);
  return shorterMask;
}

/** Reports a sequence that has no whole window, where the number of its steps is known. */
export function checkWindows(
  layer: NormalLayer,
  key: string,
  wire: Wire,
  windows: Windows,
  { problem, stepsOf }: Context,
): boolean {
  const time = stepsOf(at(wire.value.type.shape, 0));
  if (time === undefined || windowCount(time, windows) >= 1) return true;
  problem({
    part: layer,
    key,
    code: "short-sequence",
    message: `${layer.name} reads windows of ${spanOf(windows) + 1} steps, but its input has ${time}.`,
    hint: `Make the windows shorter${"padding" in layer ? ', or write "padding": "same"' : ""}.`,
  });
  return false;
}
