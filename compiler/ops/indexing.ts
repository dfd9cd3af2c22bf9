/** Primitives that read and write at computed indices. */
import type { Builder } from "../ir/builder.js";
import { elementCount, printShape, sameShape } from "../ir/dims.js";
import { at } from "../ir/expect.js";
import { reader, strides, tabulate } from "../ir/tensor.js";
import type { Dim, Shape, Type, Value } from "../ir/types.js";
import { withBatchAxis, zeros } from "./broadcast.js";
import { dimAt, expectDType, type Family, type Traits } from "./rule.js";

const traits: Traits = {
  family: "indexing",
  broadcasting: false,
  commutative: false,
  bitExact: "unproven",
  flops: "none",
  worthStacking: false,
};

/**
 * Up to this many rows, adding into rows is a product with a one-hot matrix: the time of a GEMM grows with the rows, and
 * that of adding entry by entry does not.
 */
export const ONE_HOT_ROWS = 512;

const isFew = (rows: Dim) => typeof rows === "number" && rows <= ONE_HOT_ROWS;

function checkIndices(type: Type): void {
  expectDType(type, "int64", "int32");
}

/** The index. Throws where it is out of range: ONNX leaves the result undefined there, or fails. */
function checkIndex(index: number, size: number): number {
  if (index < 0 || index >= size) throw new Error(`index ${index} is outside an axis of ${size}`);
  return index;
}

/** Throws unless the indices have the shape of the data but for `axis`. */
function expectIndexShape(data: Type, indices: Type, axis: number): void {
  dimAt(data.shape, axis);
  if (data.shape.length !== indices.shape.length || data.shape.some((d, a) => a !== axis && d !== indices.shape[a]))
    throw new Error(`${printShape(indices.shape)} does not index ${printShape(data.shape)} along axis ${axis}`);
}

/**
 * Throws unless data and updates are float32. A long float16 sum would lose most of its terms, and ONNX Runtime 1.30
 * has no float16 kernel on the CPU.
 */
function expectUpdates(data: Type, updates: Type, shape: Shape): void {
  expectDType(data, "float32");
  expectDType(updates, "float32");
  if (!sameShape(updates.shape, shape))
    throw new Error(`updates are ${printShape(updates.shape)}, not ${printShape(shape)}`);
}

/**
 * The sums of `updates` [n, …] over equal indices [n], as rows of a tensor of `shape`. Many rows are added entry by
 * entry: ScatterND of ONNX Runtime 1.30 adds whole rows in several threads without locks, and loses updates of equal
 * indices.
 */
function addRows(b: Builder, indices: Value, updates: Value, shape: Shape): Value {
  const rows = at(shape, 0);
  const width = elementCount(shape.slice(1));
  const flat = b.reshape(updates, [at(indices.type.shape, 0), width]);
  const { dtype } = updates.type;
  if (isFew(rows)) return b.reshape(b.gemm(b.oneHot(indices, rows, dtype), flat, undefined, true), shape);
  const rowIndices = b.expand(b.unsqueeze(indices, [1]), flat.type.shape);
  return b.reshape(addElements(b, { dtype, shape: [rows, width] }, rowIndices, flat, 0), shape);
}

/** The sums of `updates` over equal indices along an axis. */
function addElements(b: Builder, { dtype, shape }: Type, indices: Value, updates: Value, axis: number): Value {
  const zeroData = zeros(b, { dtype: "float32", shape });
  return b.cast(b.scatterElements(zeroData, indices, b.cast(updates, "float32"), axis), dtype);
}

/** The permutation that moves an axis to the front. */
function toFront(rank: number, axis: number): readonly number[] {
  return [axis, ...Array.from({ length: rank }, (_, a) => a).filter((a) => a !== axis)];
}

export const indexing: Family<"Gather" | "GatherElements" | "ScatterElements" | "OneHot"> = {
  // Result: the data's axes before `axis`, the indices' axes, the data's axes after it.
  Gather: {
    traits: { ...traits, bitExact: "yes" },
    infer: (inputs, { axis }) => {
      const data = at(inputs, 0);
      const indices = at(inputs, 1);
      checkIndices(indices);
      dimAt(data.shape, axis);
      const shape = [...data.shape.slice(0, axis), ...indices.shape, ...data.shape.slice(axis + 1)];
      return [{ dtype: data.dtype, shape }];
    },
    vjp: (b, node, cotangents) => {
      const g = at(cotangents, 0);
      const { axis } = node.attributes;
      const data = at(node.inputs, 0);
      const indices = at(node.inputs, 1);
      const indexRank = indices.type.shape.length;
      const count = elementCount(indices.type.shape);
      // Many columns of a matrix are added in place, without a transposition of the whole matrix.
      const columns = at(data.type.shape, axis);
      if (axis === 1 && data.type.shape.length === 2 && indexRank === 1 && !isFew(columns))
        return [addElements(b, data.type, b.expand(b.unsqueeze(indices, [0]), g.type.shape), g, 1)];
      // Move the indexed axes to the front, add up the rows, and move the axis back.
      const rank = g.type.shape.length;
      const indexedAxes = Array.from({ length: indexRank }, (_, i) => axis + i);
      const otherAxes = Array.from({ length: rank }, (_, a) => a).filter((a) => !indexedAxes.includes(a));
      const front = axis === 0 ? g : b.transpose(g, [...indexedAxes, ...otherAxes]);
      const perm = toFront(data.type.shape.length, axis);
      const shape = perm.map((a) => at(data.type.shape, a));
      const rows = addRows(b, b.reshape(indices, [count]), b.reshape(front, [count, ...shape.slice(1)]), shape);
      return [
        axis === 0
          ? rows
          : b.transpose(
              rows,
              perm.map((_, a) => perm.indexOf(a)),
            ),
      ];
    },
    batch: (b, node, inputs, batched) => {
      const { axis } = node.attributes;
      const [data, indices] = [at(inputs, 0), at(inputs, 1)];
      if (batched[0] && batched[1]) return undefined;
      if (batched[0]) return b.apply("Gather", [data, indices], { axis: axis + 1 });
      const gathered = b.gather(data, indices, axis);
      if (axis === 0) return [gathered];
      // The batch axis is the first axis of the indices: move it to the front.
      return [b.transpose(gathered, toFront(gathered.type.shape.length, axis))];
    },
    evaluate: (inputs, { axis }) => {
      const data = at(inputs, 0);
      const indices = at(inputs, 1);
      const rank = indices.shape.length;
      const read = reader(data);
      const readIndex = reader(indices);
      const size = at(data.shape, axis);
      const shape = [...data.shape.slice(0, axis), ...indices.shape, ...data.shape.slice(axis + 1)];
      return [
        tabulate(data.dtype, shape, (index) => {
          const position = checkIndex(readIndex(index.slice(axis, axis + rank)), size);
          return read([...index.slice(0, axis), position, ...index.slice(axis + rank)]);
        }),
      ];
    },
  },
  // result[… i …] = data[… indices[… i …] …] along one axis; the other axes of data and indices agree.
  GatherElements: {
    traits,
    infer: (inputs, { axis }) => {
      const data = at(inputs, 0);
      const indices = at(inputs, 1);
      checkIndices(indices);
      expectIndexShape(data, indices, axis);
      return [{ dtype: data.dtype, shape: indices.shape }];
    },
    vjp: (b, node, cotangents) => {
      const g = at(cotangents, 0);
      const { axis } = node.attributes;
      const data = at(node.inputs, 0);
      const indices = at(node.inputs, 1);
      const depth = at(data.type.shape, axis);
      const last = data.type.shape.length - 1;
      // One index per row of the last axis: the cotangent is scattered by a product with the one-hot rows.
      if (axis === last && indices.type.shape[last] === 1)
        return [b.mul(b.oneHot(b.squeeze(indices, [last]), depth, g.type.dtype), g)];
      return [addElements(b, data.type, indices, g, axis)];
    },
    batch: (b, node, inputs, batched, size) =>
      b.apply(
        "GatherElements",
        inputs.map((input, index) => withBatchAxis(b, input, batched[index], size)),
        { axis: node.attributes.axis + 1 },
      ),
    evaluate: (inputs, { axis }) => {
      const data = at(inputs, 0);
      const indices = at(inputs, 1);
      const read = reader(data);
      const readIndex = reader(indices);
      const size = at(data.shape, axis);
      return [
        tabulate(data.dtype, indices.shape, (index) =>
          read(index.map((i, a) => (a === axis ? checkIndex(readIndex(index), size) : i))),
        ),
      ];
    },
  },
  // data plus updates [… i …] at [… indices[… i …] …] along one axis.
  ScatterElements: {
    traits: { ...traits, flops: "per-entry" },
    infer: (inputs, { axis }) => {
      const data = at(inputs, 0);
      const indices = at(inputs, 1);
      checkIndices(indices);
      expectIndexShape(data, indices, axis);
      expectUpdates(data, at(inputs, 2), indices.shape);
      return [data];
    },
    vjp: (b, node, [g]) => [g, undefined, g && b.gatherElements(g, at(node.inputs, 1), node.attributes.axis)],
    batch: (b, node, inputs, batched, size) =>
      b.apply(
        "ScatterElements",
        inputs.map((input, index) => withBatchAxis(b, input, batched[index], size)),
        { axis: node.attributes.axis + 1 },
      ),
    evaluate: (inputs, { axis }) => {
      const data = at(inputs, 0);
      const indices = at(inputs, 1);
      const result = Float64Array.from(data.data);
      const dataStrides = strides(data.shape);
      const readIndex = reader(indices);
      const readUpdate = reader(at(inputs, 2));
      const size = at(data.shape, axis);
      tabulate("int64", indices.shape, (index) => {
        const position = checkIndex(readIndex(index), size);
        const offset = index.reduce((sum, i, a) => sum + (a === axis ? position : i) * at(dataStrides, a), 0);
        result[offset] = at(result, offset) + readUpdate(index);
        return 0;
      });
      return [{ ...data, data: result }];
    },
  },
  OneHot: {
    traits: { ...traits, bitExact: "yes" },
    infer: (inputs, { depth, dtype }) => {
      checkIndices(at(inputs, 0));
      return [{ dtype, shape: [...at(inputs, 0).shape, depth] }];
    },
    vjp: "none",
    batch: (b, node, inputs) => b.apply("OneHot", inputs, node.attributes),
    evaluate: (inputs, { depth, dtype }, { size }) => {
      const indices = at(inputs, 0);
      const read = reader(indices);
      return [
        tabulate(dtype, [...indices.shape, size(depth)], (index) =>
          read(index.slice(0, -1)) === at(index, index.length - 1) ? 1 : 0,
        ),
      ];
    },
  },
};
