/** The windows that convolutions and pools read: sizes, padding, and one slice for each entry of the kernel. */
import type { Builder } from "../../ir/builder.js";
import { addDims, floorDivDims, mulDims, subDims } from "../../ir/dims.js";
import { at } from "../../ir/expect.js";
import type { Dim, Value } from "../../ir/types.js";
import { type ModelNode, staticDim } from "../node.js";
import { refuse } from "../refusal.js";

/** The windows along one axis. */
export interface AxisWindows {
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  readonly before: number;
  readonly after: number;
  /** The number of windows. */
  readonly count: Dim;
}

/** The windows of the axes from the third on. */
export function windowsOf(node: ModelNode, shape: readonly Dim[], kernel: readonly number[]): readonly AxisWindows[] {
  const ones = kernel.map(() => 1);
  const [strides, dilations] = [node.ints("strides") ?? ones, node.ints("dilations") ?? ones];
  const pads = node.ints("pads") ?? [...kernel, ...kernel].map(() => 0);
  const auto = node.text("auto_pad") ?? "NOTSET";
  return kernel.map((size, index) => {
    const [stride, dilation] = [at(strides, index), at(dilations, index)];
    const length = at(shape, index + 2);
    const span = (size - 1) * dilation + 1;
    let [before, after] = [at(pads, index), at(pads, index + kernel.length)];
    if (auto === "VALID") [before, after] = [0, 0];
    if (auto === "SAME_UPPER" || auto === "SAME_LOWER") {
      const known = stride === 1 ? 0 : staticDim(length, "an axis of automatic padding");
      const total = stride === 1 ? span - 1 : Math.max((Math.ceil(known / stride) - 1) * stride + span - known, 0);
      const [small, large] = [Math.floor(total / 2), Math.ceil(total / 2)];
      [before, after] = auto === "SAME_UPPER" ? [small, large] : [large, small];
    }
    const room = subDims(addDims(length, before + after), span);
    if (typeof room === "number" && room < 0) refuse(`has a kernel of ${span} on an axis of ${length}`);
    const floor = addDims(floorDivDims(room, stride), 1);
    if (node.int("ceil_mode") !== 1) return { kernel: size, stride, dilation, before, after, count: floor };
    // A last window that starts within the axis or the padding before it, and ends beyond.
    const ceil = Math.ceil(staticDim(room, "an axis of rounded-up windows") / stride) + 1;
    const count = (ceil - 1) * stride >= Number(length) + before ? ceil - 1 : ceil;
    return {
      kernel: size,
      stride,
      dilation,
      before,
      after: after + Math.max(0, (count - 1) * stride - Number(room)),
      count,
    };
  });
}

/** The slices of x [batch, channels, …], one for each entry of the kernel in row-major order. Padding is zeros. */
export function windowSlices(b: Builder, x: Value, windows: readonly AxisWindows[]): readonly Value[] {
  const padded = windows.reduce((value, window, index) => {
    const { kernel, stride, dilation, before, count } = window;
    const length = at(x.type.shape, index + 2);
    // Blocks of the stride cover the axis, so that the entries of a slice are the first of each block.
    const covered = stride === 1 ? undefined : addDims((kernel - 1) * dilation, mulDims(stride, count));
    const after = covered === undefined ? window.after : subDims(covered, addDims(length, before));
    return before === 0 && after === 0 ? value : b.pad(value, index + 2, before, after);
  }, x);
  return windows.reduce<readonly Value[]>(
    (values, { kernel, stride, dilation, count }, index) =>
      values.flatMap((value) =>
        Array.from({ length: kernel }, (_, position) => {
          const start = position * dilation;
          const axis = index + 2;
          const slice = (end: Dim) => b.slice(value, axis, start, end);
          if (stride === 1) return kernel === 1 ? value : slice(addDims(start, count));
          const blocks = slice(addDims(start, mulDims(stride, count)));
          const { shape } = blocks.type;
          const split = b.reshape(blocks, [...shape.slice(0, axis), count, stride, ...shape.slice(axis + 1)]);
          return b.squeeze(b.slice(split, axis + 1, 0, 1), [axis + 1]);
        }),
      ),
    [padded],
  );
}

/** Values stacked along a new last axis. */
export function stack(b: Builder, values: readonly Value[]): Value {
  const rank = at(values, 0).type.shape.length;
  const stacked = values.map((value) => b.unsqueeze(value, [rank]));
  return stacked.length === 1 ? at(stacked, 0) : b.concat(stacked, rank);
}
