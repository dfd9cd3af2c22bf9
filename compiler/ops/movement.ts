/** Primitives that move entries without arithmetic. */
import { addDims, elementCount, mulDims, printShape, sameShape, subDims } from "../ir/dims.js";
import { at } from "../ir/expect.js";
import { broadcastReader, reader, tabulate } from "../ir/tensor.js";
import type { Dim, Shape, Tensor } from "../ir/types.js";
import { unbroadcast, withBatchAxis, zeros } from "./broadcast.js";
import { dimAt, type Family, type Traits } from "./rule.js";

type Movement = "Reshape" | "Expand" | "Transpose" | "Unsqueeze" | "Squeeze" | "Concat" | "Split" | "Slice" | "Pad";

const traits: Traits = {
  family: "movement",
  broadcasting: false,
  commutative: false,
  bitExact: "yes",
  flops: "none",
  worthStacking: false,
};

const axesAfterBatch = (axes: readonly number[]) => axes.map((axis) => axis + 1);

/** A shape with axes of size 1 inserted; `axes` are their positions in the result. */
function withAxes(shape: Shape, axes: readonly number[]): Shape {
  const rank = shape.length + axes.length;
  if (new Set(axes).size < axes.length || axes.some((axis) => axis < 0 || axis >= rank))
    throw new Error(`[${axes.join(", ")}] are not ${axes.length} axes of a result of rank ${rank}`);
  const result = [...shape];
  for (const axis of [...axes].sort((a, b) => a - b)) result.splice(axis, 0, 1);
  return result;
}

function withDim(shape: Shape, axis: number, dim: Dim): Shape {
  return shape.map((current, index) => (index === axis ? dim : current));
}

/** `size` entries from `start` along an axis. Entries outside the tensor are zeros. */
function sliceWithZeros(x: Tensor, axis: number, start: number, size: number): Tensor {
  const limit = at(x.shape, axis);
  const read = reader(x);
  return tabulate(x.dtype, withDim(x.shape, axis, size) as readonly number[], (index) => {
    const position = at(index, axis) + start;
    return position < 0 || position >= limit ? 0 : read(index.map((i, a) => (a === axis ? position : i)));
  });
}

export const movement: Family<Movement> = {
  Reshape: {
    traits,
    infer: (inputs, { shape }) => {
      const x = at(inputs, 0);
      if (elementCount(x.shape) !== elementCount(shape))
        throw new Error(`${printShape(x.shape)} and ${printShape(shape)} differ in their number of elements`);
      return [{ dtype: x.dtype, shape }];
    },
    vjp: (b, node, [g]) => [g && b.reshape(g, at(node.inputs, 0).type.shape)],
    batch: (b, node, inputs, _, size) => b.apply("Reshape", inputs, { shape: [size, ...node.attributes.shape] }),
    evaluate: (inputs, { shape }, { size }) => [{ ...at(inputs, 0), shape: shape.map(size) }],
  },
  Expand: {
    traits,
    infer: (inputs, { shape }) => {
      const x = at(inputs, 0);
      const lead = shape.length - x.shape.length;
      if (lead < 0 || x.shape.some((dim, axis) => dim !== 1 && dim !== shape[axis + lead]))
        throw new Error(`${printShape(x.shape)} does not expand to ${printShape(shape)}`);
      return [{ dtype: x.dtype, shape }];
    },
    vjp: (b, node, [g]) => [g && unbroadcast(b, g, at(node.inputs, 0))],
    batch: (b, node, inputs, _, size) => {
      const missing = node.attributes.shape.length - at(node.inputs, 0).type.shape.length;
      const x = at(inputs, 0);
      const aligned =
        missing === 0
          ? x
          : b.unsqueeze(
              x,
              Array.from({ length: missing }, (_, axis) => axis + 1),
            );
      return b.apply("Expand", [aligned], { shape: [size, ...node.attributes.shape] });
    },
    evaluate: (inputs, { shape }, { size }) => {
      const x = at(inputs, 0);
      return [tabulate(x.dtype, shape.map(size), broadcastReader(x, shape.length))];
    },
  },
  Transpose: {
    traits,
    infer: (inputs, { perm }) => {
      const x = at(inputs, 0);
      if (perm.length !== x.shape.length || x.shape.some((_, axis) => !perm.includes(axis)))
        throw new Error(`[${perm.join(", ")}] is not a permutation of rank ${x.shape.length}`);
      return [{ dtype: x.dtype, shape: perm.map((axis) => at(x.shape, axis)) }];
    },
    vjp: (b, { attributes: { perm } }, [g]) => [
      g &&
        b.transpose(
          g,
          perm.map((_, axis) => perm.indexOf(axis)),
        ),
    ],
    batch: (b, node, inputs) => b.apply("Transpose", inputs, { perm: [0, ...axesAfterBatch(node.attributes.perm)] }),
    evaluate: (inputs, { perm }) => {
      const x = at(inputs, 0);
      const read = reader(x);
      const inverse = perm.map((_, axis) => perm.indexOf(axis));
      return [
        tabulate(
          x.dtype,
          perm.map((axis) => at(x.shape, axis)),
          (index) => read(inverse.map((axis) => at(index, axis))),
        ),
      ];
    },
  },
  Unsqueeze: {
    traits,
    infer: (inputs, { axes }) => [{ dtype: at(inputs, 0).dtype, shape: withAxes(at(inputs, 0).shape, axes) }],
    vjp: (b, { attributes: { axes } }, [g]) => [g && b.squeeze(g, axes)],
    batch: (b, node, inputs) => b.apply("Unsqueeze", inputs, { axes: axesAfterBatch(node.attributes.axes) }),
    evaluate: (inputs, { axes }) => {
      const x = at(inputs, 0);
      return [{ ...x, shape: withAxes(x.shape, axes) as readonly number[] }];
    },
  },
  Squeeze: {
    traits,
    infer: (inputs, { axes }) => {
      const x = at(inputs, 0);
      if (axes.some((axis) => x.shape[axis] !== 1))
        throw new Error(`axes [${axes.join(", ")}] of ${printShape(x.shape)} are not all 1`);
      return [{ dtype: x.dtype, shape: x.shape.filter((_, axis) => !axes.includes(axis)) }];
    },
    vjp: (b, { attributes: { axes } }, [g]) => [g && b.unsqueeze(g, axes)],
    batch: (b, node, inputs) => b.apply("Squeeze", inputs, { axes: axesAfterBatch(node.attributes.axes) }),
    evaluate: (inputs, { axes }) => {
      const x = at(inputs, 0);
      return [{ ...x, shape: x.shape.filter((_, axis) => !axes.includes(axis)) }];
    },
  },
  Concat: {
    traits,
    infer: (inputs, { axis }) => {
      const first = at(inputs, 0);
      dimAt(first.shape, axis);
      for (const { dtype, shape } of inputs) {
        if (dtype !== first.dtype || !sameShape(withDim(shape, axis, 0), withDim(first.shape, axis, 0)))
          throw new Error(
            `${first.dtype}${printShape(first.shape)} and ${dtype}${printShape(shape)} differ in an axis other than ${axis}`,
          );
      }
      const total = inputs.reduce<Dim>((sum, { shape }) => addDims(sum, at(shape, axis)), 0);
      return [{ dtype: first.dtype, shape: withDim(first.shape, axis, total) }];
    },
    vjp: (b, node, cotangents) => {
      const g = at(cotangents, 0);
      const { axis } = node.attributes;
      const sizes = node.inputs.map((input) => at(input.type.shape, axis));
      if (sizes.every((size) => typeof size === "number")) return b.split(g, sizes, axis);
      let start: Dim = 0;
      return sizes.map((size) => {
        const from = start;
        start = addDims(start, size);
        return b.slice(g, axis, from, start);
      });
    },
    batch: (b, node, inputs, batched, size) =>
      b.apply(
        "Concat",
        inputs.map((input, index) => withBatchAxis(b, input, batched[index], size)),
        { axis: node.attributes.axis + 1 },
      ),
    evaluate: (inputs, { axis }) => {
      const first = at(inputs, 0);
      const readers = inputs.map(reader);
      const sources = inputs.flatMap((input, i) =>
        Array.from({ length: at(input.shape, axis) }, (_, position) => ({ read: at(readers, i), position })),
      );
      return [
        tabulate(first.dtype, withDim(first.shape, axis, sources.length) as readonly number[], (index) => {
          const { read, position } = at(sources, at(index, axis));
          return read(index.map((i, a) => (a === axis ? position : i)));
        }),
      ];
    },
  },
  Split: {
    traits,
    infer: (inputs, { axis, sizes }) => {
      const x = at(inputs, 0);
      if (dimAt(x.shape, axis) !== sizes.reduce(addDims, 0))
        throw new Error(`axis ${axis} of ${printShape(x.shape)} does not split into ${sizes.join(" + ")}`);
      if (sizes.some((size) => typeof size === "string" && size !== sizes[0]))
        throw new Error(`the sizes ${sizes.join(", ")} are neither numbers nor equal`);
      return sizes.map((size) => ({ dtype: x.dtype, shape: withDim(x.shape, axis, size) }));
    },
    vjp: (b, node, cotangents) => [
      b.concat(
        node.outputs.map((output, index) => cotangents[index] ?? zeros(b, output.type)),
        node.attributes.axis,
      ),
    ],
    batch: (b, node, inputs) => {
      const { axis, sizes } = node.attributes;
      return b.apply("Split", inputs, { axis: axis + 1, sizes });
    },
    evaluate: (inputs, { axis, sizes }, { size }) => {
      const x = at(inputs, 0);
      let start = 0;
      return sizes.map((dim) => {
        const from = start;
        start += size(dim);
        return sliceWithZeros(x, axis, from, size(dim));
      });
    },
  },
  Slice: {
    traits,
    infer: (inputs, { axis, start, end }) => {
      const x = at(inputs, 0);
      const axisSize = dimAt(x.shape, axis);
      const size = subDims(end, start);
      if ([start, size, subDims(axisSize, end)].some((dim) => typeof dim === "number" && dim < 0))
        throw new Error(`[${start}, ${end}) is not within an axis of ${axisSize}`);
      return [{ dtype: x.dtype, shape: withDim(x.shape, axis, size) }];
    },
    vjp: (b, node, [g]) => {
      const { axis, start, end } = node.attributes;
      return [g && b.pad(g, axis, start, subDims(at(at(node.inputs, 0).type.shape, axis), end))];
    },
    batch: (b, node, inputs) => b.apply("Slice", inputs, { ...node.attributes, axis: node.attributes.axis + 1 }),
    evaluate: (inputs, { axis, start, end }, { size }) => {
      const x = at(inputs, 0);
      return [sliceWithZeros(x, axis, size(start), size(end) - size(start))];
    },
  },
  Pad: {
    traits,
    infer: (inputs, { axis, before, after }) => {
      const x = at(inputs, 0);
      const axisSize = dimAt(x.shape, axis);
      const size = addDims(addDims(before, axisSize), after);
      if ([size, addDims(before, axisSize), addDims(axisSize, after)].some((dim) => typeof dim === "number" && dim < 0))
        throw new Error(`padding ${before} and ${after} removes more than an axis of ${axisSize} has`);
      return [{ dtype: x.dtype, shape: withDim(x.shape, axis, size) }];
    },
    vjp: (b, node, [g]) => {
      const { axis, before, after } = node.attributes;
      const isCropped = [before, after].some((dim) => typeof dim === "number" && dim < 0);
      if (isCropped) return [g && b.pad(g, axis, mulDims(-1, before), mulDims(-1, after))];
      const axisSize = at(at(node.inputs, 0).type.shape, axis);
      return [g && b.slice(g, axis, before, addDims(before, axisSize))];
    },
    batch: (b, node, inputs) => b.apply("Pad", inputs, { ...node.attributes, axis: node.attributes.axis + 1 }),
    evaluate: (inputs, { axis, before, after }, { size }) => {
      const x = at(inputs, 0);
      return [sliceWithZeros(x, axis, -size(before), size(before) + at(x.shape, axis) + size(after))];
    },
  },
};
