/** Operators that read and write at indices. */
import type { Builder } from "../../ir/builder.js";
import { elementCount } from "../../ir/dims.js";
import { at } from "../../ir/expect.js";
import type { Dim, Shape, Value } from "../../ir/types.js";
import { type Lowering, single } from "../lowering.js";
import { type ModelNode, staticDim } from "../node.js";
import { isNumeric, type Operand, sizeValue } from "../operand.js";
import { refuse } from "../refusal.js";
import { expectFloat, frontIndices, rankOf } from "./values.js";

/** Indices from 0. Known ones without a negative entry stay as they are; those beyond the axis are refused. */
function indicesOf(node: ModelNode, b: Builder, index: number, size: Dim): Value {
  const operand = node.operand(index);
  const known = operand.kind === "known" && isNumeric(operand) ? Array.from(operand.entries, Number) : undefined;
  const beyond = known?.find((entry) => typeof size === "number" && (entry >= size || entry < -size));
  if (beyond !== undefined) return refuse(`has the index ${beyond} on an axis of ${size}`);
  const isFront = known?.every((entry) => entry >= 0) === true;
  return isFront ? node.x(index) : frontIndices(b, node.x(index), size);
}

function gather(node: ModelNode, b: Builder): Value | Operand {
  const data = node.x(0);
  const axis = node.axis(node.int("axis") ?? 0, rankOf(data));
  const size = at(data.type.shape, axis);
  const operand = node.operand(1);
  // A known index is a slice, whose gradient is a pad.
  const [index] = operand.kind === "known" && operand.shape.length === 0 ? Array.from(operand.entries) : [];
  if (typeof index === "number" && (typeof size === "number" || index === 0)) {
    const position = index < 0 ? index + Number(size) : index;
    return b.squeeze(b.slice(data, axis, position, position + 1), [axis]);
  }
  return gatherAt(b, data, indicesOf(node, b, 1, size), axis);
}

const gatherAt = (b: Builder, data: Value, indices: Value, axis: number): Value =>
  data.type.dtype === "bool"
    ? b.cast(b.gather(b.cast(data, "int32"), indices, axis), "bool")
    : b.gather(data, indices, axis);

/** Indices of rows of a matrix from indices along the first axes of a tensor: [..., axes] to [...]. */
function rowIndices(b: Builder, indices: Value, axes: readonly Dim[]): Value {
  const last = rankOf(indices) - 1;
  return axes
    .map((size, axis) => {
      const along = b.squeeze(b.slice(indices, last, axis, axis + 1), [last]);
      const stride = elementCount(axes.slice(axis + 1));
      const index = frontIndices(b, along, size);
      return stride === 1 ? index : b.mul(index, sizeValue(b, stride, index.type.dtype));
    })
    .reduce((sum, term) => b.add(sum, term));
}

function gatherNd(node: ModelNode, b: Builder): Value {
  const [data, indices] = [node.x(0), node.x(1)];
  const batchDims = node.int("batch_dims") ?? 0;
  if (batchDims > 0) return refuse(`has ${batchDims} batch axes`);
  const { shape } = data.type;
  const count = staticDim(indices.type.shape.at(-1), "a number of indices");
  const rows = rowIndices(b, indices, shape.slice(0, count));
  return gatherAt(b, b.reshape(data, [elementCount(shape.slice(0, count)), ...shape.slice(count)]), rows, 0);
}

/** The data with updates at indices along an axis: added, or in place of the entries. */
function scatter(b: Builder, data: Value, indices: Value, updates: Value, axis: number, reduction: string): Value {
  if (reduction === "add") return b.scatterElements(data, indices, updates, axis);
  if (reduction !== "none") return refuse(`combines updates by ${reduction}`);
  const zeros = b.expand(b.scalar(0), data.type.shape);
  const isKept = b.less(b.scatterElements(zeros, indices, b.expand(b.scalar(1), updates.type.shape), axis), 0.5);
  return b.scatterElements(b.where(isKept, data, 0), indices, updates, axis);
}

function scatterElements(node: ModelNode, b: Builder): Value {
  const [data, updates] = [expectFloat(node.x(0)), node.x(2)];
  const axis = node.axis(node.int("axis") ?? 0, rankOf(data));
  const indices = indicesOf(node, b, 1, at(data.type.shape, axis));
  const isPartial = indices.type.shape.some((size, other) => other !== axis && size !== data.type.shape[other]);
  if (isPartial) return refuse("has indices for some of the entries of another axis");
  return scatter(b, data, indices, updates, axis, node.text("reduction") ?? "none");
}

function scatterNd(node: ModelNode, b: Builder): Value {
  const [data, indices, updates] = [expectFloat(node.x(0)), node.x(1), node.x(2)];
  const { shape } = data.type;
  const count = staticDim(indices.type.shape.at(-1), "a number of indices");
  const [rows, width] = [elementCount(shape.slice(0, count)), elementCount(shape.slice(count))];
  const positions = elementCount(indices.type.shape.slice(0, -1));
  const flat: Shape = [positions, width];
  const index = b.expand(b.reshape(rowIndices(b, indices, shape.slice(0, count)), [positions, 1]), flat);
  const matrix = b.reshape(data, [rows, width]);
  const reduction = node.text("reduction") ?? "none";
  return b.reshape(scatter(b, matrix, index, b.reshape(updates, flat), 0, reduction), shape);
}

function oneHot(node: ModelNode, b: Builder): Value {
  const indices = node.x(0);
  const depth = at(node.knownDims(1, "its depth"), 0);
  const rank = rankOf(indices) + 1;
  const axis = node.axis(node.int("axis") ?? -1, rank);
  const integers = indices.type.dtype === "float32" ? b.cast(indices, "int64") : indices;
  const isHot = b.oneHot(frontIndices(b, integers, depth), depth, "bool");
  const values = node.x(2);
  const [off, on] = [0, 1].map((index) => b.squeeze(b.slice(values, 0, index, index + 1), [0])) as [Value, Value];
  const result = b.where(isHot, on, off);
  if (axis === rank - 1) return result;
  const order = Array.from({ length: rank }, (_, other) =>
    other < axis ? other : other === axis ? rank - 1 : other - 1,
  );
  return b.transpose(result, order);
}

/** Time steps in reverse order within the length of each sequence. */
function reverseSequence(node: ModelNode, b: Builder): Value {
  const [x, lengths] = [node.x(0), node.x(1)];
  const [timeAxis, batchAxis] = [node.int("time_axis") ?? 0, node.int("batch_axis") ?? 1];
  const order = [timeAxis, batchAxis, ...Array.from({ length: rankOf(x) - 2 }, (_, axis) => axis + 2)];
  const moved = b.transpose(x, order);
  const { shape } = moved.type;
  const time = b.unsqueeze(b.range(at(shape, 0)), [1]);
  const length = b.unsqueeze(b.cast(lengths, "int64"), [0]);
  const source = b.where(b.less(time, length), b.sub(b.sub(length, 1), time), time);
  const width = elementCount(shape.slice(2));
  const rows: Shape = [at(shape, 0), at(shape, 1), width];
  const index = b.expand(b.unsqueeze(source, [2]), rows);
  const result = b.reshape(b.gatherElements(b.reshape(moved, rows), index, 0), shape);
  return b.transpose(
    result,
    order.map((_, axis) => order.indexOf(axis)),
  );
}

export const indexingOperators: readonly Lowering[] = [
  single("Gather", gather),
  single("GatherElements", (node, b) => {
    const data = node.x(0);
    const axis = node.axis(node.int("axis") ?? 0, rankOf(data));
    const indices = indicesOf(node, b, 1, at(data.type.shape, axis));
    const isPartial = indices.type.shape.some((size, other) => other !== axis && size !== data.type.shape[other]);
    if (isPartial) return refuse("has indices for some of the entries of another axis");
    return b.gatherElements(data, indices, axis);
  }),
  single("GatherND", gatherNd),
  single("ScatterElements", scatterElements),
  single("Scatter", scatterElements, { opsets: [9, 10] }),
  single("ScatterND", scatterNd),
  single("OneHot", oneHot),
  single("ReverseSequence", reverseSequence),
];
