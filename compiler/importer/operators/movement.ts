/** Operators that move entries. */
import type { Builder } from "../../ir/builder.js";
import { addDims, elementCount, mulDims, printShape, sameShape, subDims } from "../../ir/dims.js";
import { at } from "../../ir/expect.js";
import type { Dim, Shape, Value } from "../../ir/types.js";
import { type Lowering, single } from "../lowering.js";
import { type ModelNode, staticDim } from "../node.js";
import { refuse } from "../refusal.js";
import { divideDims } from "../shape-arithmetic.js";
import { axesOf, broadcastTo, rankOf, take } from "./values.js";

/** The target of a Reshape: 0 copies a size, -1 is the rest. */
function reshapeTarget(from: Shape, target: readonly Dim[], allowsZero: boolean): Shape {
  const copied = target.map((size, axis) => (size === 0 && !allowsZero ? at(from, axis) : size));
  const inferred = copied.indexOf(-1);
  if (inferred < 0) return copied;
  // Equal sizes cancel first: a quotient by a sum is found in no other way.
  const rest = [...from];
  const divisors = copied.filter((size, axis) => {
    if (axis === inferred) return false;
    const position = rest.indexOf(size);
    if (position >= 0) rest.splice(position, 1);
    return position < 0;
  });
  const quotient = divideDims(elementCount(rest), elementCount(divisors), "float32");
  if (quotient === undefined) return refuse(`reshapes ${printShape(from)} to ${printShape(copied)}`);
  return copied.with(inferred, quotient);
}

function reshape(node: ModelNode, b: Builder): Value {
  const x = node.x(0);
  const target = reshapeTarget(x.type.shape, node.knownDims(1, "its shape"), node.int("allowzero") === 1);
  if (elementCount(target) !== elementCount(x.type.shape))
    return refuse(`reshapes ${printShape(x.type.shape)} to ${printShape(target)}, which has other sizes`);
  return sameShape(target, x.type.shape) ? b.identity(x) : b.reshape(x, target);
}

function axesOperand(node: ModelNode, rank: number): readonly number[] | undefined {
  const given = node.has(1) ? node.integers(1, "its axes") : node.ints("axes");
  return given?.map((axis) => node.axis(axis, rank));
}

function squeeze(node: ModelNode, b: Builder): Value {
  const x = node.x(0);
  const { shape } = x.type;
  const axes = axesOperand(node, rankOf(x)) ?? shape.flatMap((size, axis) => (size === 1 ? [axis] : []));
  return axes.length === 0 ? b.identity(x) : b.squeeze(x, axes);
}

function unsqueeze(node: ModelNode, b: Builder): Value {
  const x = node.x(0);
  const given = node.has(1) ? node.integers(1, "its axes") : (node.ints("axes") ?? []);
  return b.unsqueeze(
    x,
    given.map((axis) => node.axis(axis, rankOf(x) + given.length)).sort((i, j) => i - j),
  );
}

/** ONNX's sign of "to the end", or beyond it. */
const END = 2 ** 31 - 1;

/** The positions of a slice along an axis. */
function sliceAxis(node: ModelNode, b: Builder, x: Value, axis: number, start: Dim, end: Dim, step: Dim): Value {
  const size = at(x.type.shape, axis);
  if (typeof step !== "number" || step === 0) return refuse(`has a step of ${step}`);
  const fromEnd = (index: Dim): Dim => (typeof index === "number" && index < 0 ? addDims(size, index) : index);
  if (step === 1) {
    const clampTo = (index: Dim, fallback: Dim): Dim => {
      if (typeof index !== "number") return index;
      if (index >= END) return size;
      if (index <= -END) return fallback;
      const position = fromEnd(index);
      if (typeof size === "number") return Math.min(Math.max(Number(position), 0), size);
      if (Math.abs(index) > 1)
        node.notice(`A slice to entry ${index} of an axis assumes that ${size} has as many entries.`);
      return position;
    };
    const [first, last] = [clampTo(start, 0), clampTo(end, 0)];
    const length = subDims(last, first);
    return b.slice(x, axis, first, typeof length === "number" && length < 0 ? first : last);
  }
  if (typeof size !== "number") return strided(b, x, axis, start, end, step);
  const positions: number[] = [];
  const [low, high] = step > 0 ? [0, size] : [-1, size - 1];
  const bound = (index: number) => Math.min(Math.max(index < 0 ? index + size : index, low), high);
  const [first, last] = [bound(Number(start)), Number(end) < -END ? low : bound(Number(end))];
  for (let position = first; step > 0 ? position < last : position > last; position += step) positions.push(position);
  return positions.length === 0 ? b.slice(x, axis, 0, 0) : take(b, x, axis, positions);
}

/** Every n-th entry of an axis whose size is a symbol. */
function strided(b: Builder, x: Value, axis: number, start: Dim, end: Dim, step: number): Value {
  const size = at(x.type.shape, axis);
  const isWhole = typeof start === "number" && start >= 0 && typeof end === "number" && end >= END;
  const isReversed = step === -1 && (start === -1 || Number(start) >= END) && Number(end) < -1;
  if (isReversed) return b.gather(x, b.sub(sizeLess(b, size), b.range(size)), axis);
  if (!isWhole || step < 0) return refuse(`takes every ${step}th of ${size} entries, from ${start} to ${end}`);
  const count = divideDims(addDims(subDims(size, start), step - 1), step, "int64");
  if (count === undefined) return refuse(`takes every ${step}th of ${size} entries`);
  return b.gather(x, b.add(b.mul(b.range(count), step), start), axis);
}

const sizeLess = (b: Builder, size: Dim): Value => b.sub(b.size(b.range(size)), 1);

function slice(node: ModelNode, b: Builder): Value {
  const x = node.x(0);
  const isOperand = node.opset >= 10;
  const starts = isOperand ? node.knownDims(1, "its start") : (node.ints("starts") ?? []);
  const ends = isOperand ? node.knownDims(2, "its end") : (node.ints("ends") ?? []);
  const given = isOperand ? (node.has(3) ? node.integers(3, "its axes") : undefined) : node.ints("axes");
  const steps = isOperand && node.has(4) ? node.knownDims(4, "its step") : starts.map(() => 1);
  const axes = (given ?? axesOf(starts.length)).map((axis) => node.axis(axis, rankOf(x)));
  return axes.reduce(
    (value, axis, index) => sliceAxis(node, b, value, axis, at(starts, index), at(ends, index), at(steps, index)),
    axes.length === 0 ? b.identity(x) : x,
  );
}

function split(node: ModelNode, b: Builder): readonly Value[] {
  const x = node.x(0);
  const axis = node.axis(node.int("axis") ?? 0, rankOf(x));
  const size = at(x.type.shape, axis);
  const given = node.opset >= 13 ? (node.has(1) ? node.knownDims(1, "its sizes") : undefined) : node.ints("split");
  const sizes = given ?? equalParts(staticDim(size, "an axis"), node.outputCount);
  if (sizes.every((part) => typeof part === "number")) return b.split(x, sizes, axis);
  let start: Dim = 0;
  return sizes.map((part) => {
    const from = start;
    start = addDims(start, part);
    return b.slice(x, axis, from, start);
  });
}

/** Equal parts, the last of which may be smaller. */
function equalParts(size: number, count: number): readonly number[] {
  const part = Math.ceil(size / count);
  return Array.from({ length: count }, (_, index) => Math.max(0, Math.min(part, size - index * part)));
}

function tile(node: ModelNode, b: Builder): Value {
  const x = node.x(0);
  const repeats = node.knownDims(1, "its repeats");
  return repeats.reduce<Value>((value, count, axis) => {
    if (count === 1) return value;
    const { shape } = value.type;
    const repeated = b.expand(b.unsqueeze(value, [axis]), [...shape.slice(0, axis), count, ...shape.slice(axis)]);
    return b.reshape(repeated, shape.with(axis, mulDims(count, at(shape, axis))));
  }, b.identity(x));
}

/** Pads before and after each axis. */
function padAmounts(node: ModelNode, rank: number): readonly (readonly [number, Dim, Dim])[] {
  const given = node.opset >= 11 ? node.knownDims(1, "its pads") : (node.ints("pads") ?? []);
  const axes = node.has(3) ? node.integers(3, "its axes").map((axis) => node.axis(axis, rank)) : axesOf(rank);
  return axes.map((axis, index) => [axis, at(given, index), at(given, index + axes.length)] as const);
}

/** The position of the source of each entry of a padded axis. */
function sourcePositions(mode: string, size: number, before: number, after: number): readonly number[] {
  const period = 2 * (size - 1);
  return Array.from({ length: before + size + after }, (_, index) => {
    const position = index - before;
    if (mode === "edge") return Math.min(Math.max(position, 0), size - 1);
    if (mode === "wrap") return ((position % size) + size) % size;
    if (size === 1) return 0;
    const folded = ((position % period) + period) % period;
    return folded < size ? folded : period - folded;
  });
}

function pad(node: ModelNode, b: Builder): Value {
  const x = node.x(0);
  const mode = node.text("mode") ?? "constant";
  const amounts = padAmounts(node, rankOf(x)).filter(([, before, after]) => before !== 0 || after !== 0);
  if (mode !== "constant")
    return amounts.reduce((value, [axis, before, after]) => {
      const size = staticDim(value.type.shape[axis], "an axis");
      return take(b, value, axis, sourcePositions(mode, size, Number(before), Number(after)));
    }, b.identity(x));
  const zeroPadded = (value: Value) =>
    amounts.reduce((padded, [axis, before, after]) => b.pad(padded, axis, before, after), b.identity(value));
  const fill = node.opset >= 11 ? (node.has(2) ? node.x(2) : undefined) : b.scalar(node.float("value") ?? 0);
  const isZero = node.opset < 11 ? (node.float("value") ?? 0) === 0 : !node.has(2) || node.dims(2)?.entries[0] === 0;
  if (fill === undefined || isZero) return zeroPadded(x);
  const isInside = zeroPadded(b.expand(b.scalar(1), x.type.shape));
  return b.where(b.greater(isInside, 0.5), zeroPadded(x), b.reshape(fill, []));
}

/** Blocks of an axis as channels, and the inverse. [batch, channels, height, width] */
function depthToSpace(node: ModelNode, b: Builder): Value {
  const x = node.x(0);
  const [n = 1, c, h = 1, w = 1] = x.type.shape;
  const size = node.int("blocksize") ?? 1;
  const channels = staticDim(c, "channels") / size ** 2;
  const isCrd = node.text("mode") === "CRD";
  const parts = b.reshape(x, isCrd ? [n, channels, size, size, h, w] : [n, size, size, channels, h, w]);
  const moved = b.transpose(parts, isCrd ? [0, 1, 4, 2, 5, 3] : [0, 3, 4, 1, 5, 2]);
  return b.reshape(moved, [n, channels, mulDims(h, size), mulDims(w, size)]);
}

function spaceToDepth(node: ModelNode, b: Builder): Value {
  const x = node.x(0);
  const [n = 1, c = 1, h, w] = x.type.shape;
  const size = node.int("blocksize") ?? 1;
  const [rows, columns] = [staticDim(h, "a height") / size, staticDim(w, "a width") / size];
  const moved = b.transpose(b.reshape(x, [n, c, rows, size, columns, size]), [0, 3, 5, 1, 2, 4]);
  return b.reshape(moved, [n, mulDims(c, size ** 2), rows, columns]);
}

export const movementOperators: readonly Lowering[] = [
  single("Reshape", reshape),
  single("Flatten", (node, b) => {
    const x = node.x(0);
    const given = node.int("axis") ?? 1;
    const axis = given < 0 ? given + rankOf(x) : given;
    const { shape } = x.type;
    return b.reshape(x, [elementCount(shape.slice(0, axis)), elementCount(shape.slice(axis))]);
  }),
  single("Squeeze", squeeze),
  single("Unsqueeze", unsqueeze),
  single("Transpose", (node, b) => {
    const x = node.x(0);
    return b.transpose(x, node.ints("perm") ?? axesOf(rankOf(x)).toReversed());
  }),
  single("Concat", (node, b) => {
    const xs = node.xs();
    return xs.length === 1 ? b.identity(at(xs, 0)) : b.concat(xs, node.axis(node.int("axis") ?? 0, rankOf(at(xs, 0))));
  }),
  { operator: "Split", lower: split },
  single("Slice", slice),
  single("Pad", pad),
  single("Expand", (node, b) => {
    const x = node.x(0);
    const result = broadcastTo(b, x, node.knownDims(1, "its shape"));
    return result === x ? b.identity(x) : result;
  }),
  single("Tile", tile),
  single("DepthToSpace", depthToSpace),
  single("SpaceToDepth", spaceToDepth),
];
