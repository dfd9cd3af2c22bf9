/** Reductions, and functions along one axis. */
import type { Builder } from "../../ir/builder.js";
import { mulDims } from "../../ir/dims.js";
import { at } from "../../ir/expect.js";
import type { Value } from "../../ir/types.js";
import { type Lowering, single } from "../lowering.js";
import { type ModelNode, staticDim } from "../node.js";
import { refuse } from "../refusal.js";
import { alongAxis, axesOf, expectFloat, lessOrEqual, productAlong, rankOf, take, toLast } from "./values.js";

/** The reduced axes: an attribute, or an operand; none are all axes, unless the node states that they are none. */
function reducedAxes(node: ModelNode, rank: number): readonly number[] {
  const given = node.has(1) ? node.integers(1, "its axes") : (node.ints("axes") ?? []);
  if (given.length === 0) return node.int("noop_with_empty_axes") === 1 ? [] : axesOf(rank);
  return given.map((axis) => node.axis(axis, rank));
}

type Reduce = (b: Builder, x: Value, axes: readonly number[], keep: boolean) => Value;

const reduction = (operator: string, reduce: Reduce, before = (_: Builder, x: Value) => x): Lowering =>
  single(operator, (node, b) => {
    const x = before(b, node.x(0));
    const axes = reducedAxes(node, rankOf(x));
    if (axes.length === 0 && operator.match(/^Reduce(Sum|Mean|Max|Min|Prod)$/)) return b.identity(x);
    return reduce(b, x, axes, node.int("keepdims") !== 0);
  });

const square = (b: Builder, x: Value): Value => b.mul(x, x);
const sum: Reduce = (b, x, axes, keep) => (axes.length === 0 ? b.identity(x) : b.sum(x, axes, keep));

/** log Σ exp(x - m) + m with the largest entry m, whose derivative is 0. */
const logSumExp: Reduce = (b, x, axes, keep) => {
  if (axes.length === 0) return b.identity(x);
  const largest = b.reduceMax(x, axes, true);
  const total = b.add(b.log(b.sum(b.exp(b.sub(x, largest)), axes, true)), largest);
  return keep ? total : b.squeeze(total, axes);
};

/** True where one of the bools is. */
const any = (b: Builder, x: Value, axes: readonly number[], keep: boolean): Value =>
  b.greater(b.reduceMax(b.cast(x, "int32"), axes, keep), 0);

const largest: Reduce = (b, x, axes, keep) =>
  x.type.dtype === "bool" ? any(b, x, axes, keep) : b.reduceMax(x, axes, keep);

const smallest: Reduce = (b, x, axes, keep) =>
  x.type.dtype === "bool" ? b.not(any(b, b.not(x), axes, keep)) : b.neg(b.reduceMax(b.neg(x), axes, keep));

const product: Reduce = (b, x, axes, keep) => {
  const result = [...axes].sort((i, j) => j - i).reduce((value, axis) => productAlong(b, value, axis), x);
  return keep
    ? b.unsqueeze(
        result,
        [...axes].sort((i, j) => i - j),
      )
    : result;
};

/** The index of the first, or the last, largest entry. */
function argument(node: ModelNode, b: Builder, sign: 1 | -1): Value {
  const x = sign === 1 ? node.x(0) : b.neg(node.x(0));
  const axis = node.axis(node.int("axis") ?? 0, rankOf(x));
  const isLast = node.int("select_last_index") === 1;
  const size = isLast ? staticDim(x.type.shape[axis], "an axis") : 0;
  const positions = Array.from({ length: size }, (_, index) => size - 1 - index);
  const found = isLast ? b.neg(b.sub(b.argmax(take(b, x, axis, positions), axis), size - 1)) : b.argmax(x, axis);
  return node.int("keepdims") === 0 ? found : b.unsqueeze(found, [axis]);
}

/**
 * The softmax over the last axis, of which a later node replaces NaN. A row of -∞ has the softmax NaN: here a constant, so
 * that its derivative is 0, where the derivative of the softmax is NaN too.
 */
function softmaxOfRows(b: Builder, x: Value): Value {
  const isEmpty = b.equal(b.reduceMax(x, [rankOf(x) - 1], true), Number.NEGATIVE_INFINITY);
  return b.where(isEmpty, Number.NaN, b.softmax(b.where(isEmpty, 0, x)));
}

/** Softmax along an axis; before opset 13 over all axes from that one on. */
const normalized = (operator: string, f: (b: Builder, x: Value, node: ModelNode) => Value): Lowering =>
  single(operator, (node, b) => {
    const x = expectFloat(node.x(0));
    const rank = rankOf(x);
    const axis = node.axis(node.int("axis") ?? (node.opset < 13 ? 1 : -1), Math.max(rank, 1));
    if (node.opset >= 13 || axis === rank - 1) return alongAxis(b, x, axis, (moved) => f(b, moved, node));
    const { shape } = x.type;
    const flat = b.reshape(x, [...shape.slice(0, axis), shape.slice(axis).reduce(mulDims, 1)]);
    return b.reshape(f(b, flat, node), shape);
  });

function cumulativeSum(node: ModelNode, b: Builder): Value {
  const x = expectFloat(node.x(0));
  const axis = node.axis(at(node.integers(1, "its axis"), 0), rankOf(x));
  const size = at(x.type.shape, axis);
  const range = b.range(size);
  // Entry [i, j] is 1 where entry i belongs to the sum j.
  const [i, j] = [b.unsqueeze(range, [1]), b.unsqueeze(range, [0])];
  const [first, second] = node.int("reverse") === 1 ? [j, i] : [i, j];
  const isCounted = node.int("exclusive") === 1 ? b.less(first, second) : lessOrEqual(b, first, second);
  return alongAxis(b, x, axis, (moved) => {
    const rows = rankOf(moved) === 1 ? b.unsqueeze(moved, [0]) : moved;
    const sums = b.matmul(rows, b.cast(isCounted, "float32"));
    return rankOf(moved) === 1 ? b.squeeze(sums, [0]) : sums;
  });
}

/** The largest k: found one after another, each removed before the next. */
function largestEntries(node: ModelNode, b: Builder): readonly Value[] {
  const x = expectFloat(node.x(0));
  const axis = node.axis(node.int("axis") ?? -1, rankOf(x));
  const k = node.opset < 10 ? (node.int("k") ?? 1) : at(node.integers(1, "k"), 0);
  if (k > 32) return refuse(`finds the ${k} largest entries, more than 32`);
  if (k < 1) return refuse("finds no entry");
  const sign = node.int("largest") === 0 ? -1 : 1;
  const size = at(x.type.shape, axis);
  if (typeof size === "number" && k > size) return refuse(`finds the ${k} largest of ${size} entries`);
  const { there, back } = toLast(rankOf(x), axis);
  const moved = b.transpose(x, there);
  let rest = sign === 1 ? moved : b.neg(moved);
  const found: Value[] = [];
  for (let n = 0; n < k; n++) {
    const index = b.argmax(rest, -1);
    found.push(b.unsqueeze(index, [rankOf(index)]));
    rest = b.where(b.oneHot(index, size, "bool"), Number.NEGATIVE_INFINITY, rest);
  }
  const indices = found.length === 1 ? at(found, 0) : b.concat(found, -1);
  return [b.transpose(b.gatherElements(moved, indices, -1), back), b.transpose(indices, back)];
}

export const reductionOperators: readonly Lowering[] = [
  reduction("ReduceSum", sum),
  reduction("ReduceMean", (b, x, axes, keep) => b.mean(x, axes, keep)),
  reduction("ReduceMax", largest),
  reduction("ReduceMin", smallest),
  reduction("ReduceProd", product),
  reduction("ReduceL1", sum, (b, x) => b.abs(x)),
  reduction("ReduceL2", (b, x, axes, keep) => b.sqrt(sum(b, x, axes, keep)), square),
  reduction("ReduceSumSquare", sum, square),
  reduction("ReduceLogSum", (b, x, axes, keep) => b.log(sum(b, x, axes, keep))),
  reduction("ReduceLogSumExp", logSumExp),
  single("ArgMax", (node, b) => argument(node, b, 1), { gradient: "zero" }),
  single("ArgMin", (node, b) => argument(node, b, -1), { gradient: "zero" }),
  normalized("Softmax", (b, x, { isReplaced }) => (isReplaced ? softmaxOfRows(b, x) : b.softmax(x))),
  normalized("LogSoftmax", (b, x) => b.logSoftmax(x)),
  {
    ...normalized("Hardmax", (b, x) => b.oneHot(b.argmax(x, -1), at(x.type.shape, rankOf(x) - 1))),
    gradient: "zero",
  },
  single("CumSum", cumulativeSum),
  { operator: "TopK", lower: largestEntries },
];
