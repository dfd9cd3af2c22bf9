/**
 * Algebraic simplification: each rule matches one node and its producers, and returns fewer operations of equal value.
 */

import { splatValue } from "../../../graph/def-use.js";
import { type RewriteRule, type RewriteSite, rewrite } from "../../../graph/rewrite.js";
import { elementCount, sameShape } from "../../../ir/dims.js";
import { at } from "../../../ir/expect.js";
import type { Node, Value } from "../../../ir/types.js";
import { broadcastTypes } from "../../../ops/broadcast.js";
import { traitsOf } from "../../../ops/index.js";
import type { Pass } from "../../pass.js";
import { castRules } from "./casts.js";
import { movementRules } from "./movement.js";

/** The operand, when it has the shape of the result. */
function ifSameShape(node: Node, operand: Value): readonly Value[] | undefined {
  return sameShape(operand.type.shape, at(node.outputs, 0).type.shape) ? [operand] : undefined;
}

function negatedOperand(site: RewriteSite, value: Value): Value | undefined {
  const node = site.producer(value);
  return node?.op === "Neg" ? at(node.inputs, 0) : undefined;
}

/** x + 0, x - 0, 0 - x, x * 1, x * -1, x / 1. */
const identities: RewriteRule = (node, site) => {
  const { b, inputs } = site;
  const [x, y] = inputs;
  if (x === undefined || y === undefined) return undefined;
  const [left, right] = [splatValue(x, site.producer), splatValue(y, site.producer)];
  switch (node.op) {
    case "Add":
      return right === 0 ? ifSameShape(node, x) : left === 0 ? ifSameShape(node, y) : undefined;
    case "Sub":
      if (left === 0 && ifSameShape(node, y)) return [b.neg(y)];
      return right === 0 ? ifSameShape(node, x) : undefined;
    case "Mul":
      if (right === 1) return ifSameShape(node, x);
      if (left === 1) return ifSameShape(node, y);
      if (right === -1 && ifSameShape(node, x)) return [b.neg(x)];
      if (left === -1 && ifSameShape(node, y)) return [b.neg(y)];
      return undefined;
    case "Div":
      return right === 1 ? ifSameShape(node, x) : undefined;
    default:
      return undefined;
  }
};

/** Negations move outward, into sums: x + -y → x - y, x * -y → -(x * y). */
const signs: RewriteRule = (node, site) => {
  const { b, inputs } = site;
  const [x, y] = inputs;
  if (x === undefined) return undefined;
  const [minusX, minusY] = [negatedOperand(site, x), y && negatedOperand(site, y)];
  switch (node.op) {
    case "Neg":
      return minusX && [minusX];
    case "Add":
      if (y && minusY) return [b.sub(x, minusY)];
      return y && minusX ? [b.sub(y, minusX)] : undefined;
    case "Sub":
      return minusY && [b.add(x, minusY)];
    case "Mul":
      if (y && minusX) return [b.neg(b.mul(minusX, y))];
      return minusY && [b.neg(b.mul(x, minusY))];
    default:
      return undefined;
  }
};

/** Expand(x) + y → x + y, when the operation broadcasts x to the same result. */
const redundantExpands: RewriteRule = (node, { b, inputs, producer }) => {
  const result = node.outputs[0]?.type.shape;
  if (result === undefined || !traitsOf(node).broadcasting) return undefined;
  for (const [index, input] of inputs.entries()) {
    const source = producer(input);
    if (source?.op !== "Expand") continue;
    const operands = inputs.map((operand, i) => (i === index ? at(source.inputs, 0) : operand));
    if (sameShape(broadcastTypes(operands.map(({ type }) => type)), result)) return b.copy(node, operands);
  }
  return undefined;
};

/**
 * Σ onehot(i) * g over the last axis → g, when g is constant along it: each row of a one-hot sums to 1. Σ -x → -Σ x.
 */
const oneHotSums: RewriteRule = (node, { b, inputs, producer }) => {
  if (node.op !== "ReduceSum") return undefined;
  const operand = at(inputs, 0);
  const { axes, keep } = node.attributes;
  const source = producer(operand);
  if (source?.op === "Neg") return [b.neg(b.sum(at(source.inputs, 0), axes, keep))];
  const { shape } = at(node.outputs, 0).type;
  if (!keep || axes.length !== 1 || axes[0] !== operand.type.shape.length - 1) return undefined;
  if (source?.op === "OneHot") return [b.expand(b.scalar(1, operand.type.dtype), shape)];
  if (source?.op !== "Mul") return undefined;
  const [x, y] = [at(source.inputs, 0), at(source.inputs, 1)];
  const g = producer(x)?.op === "OneHot" ? y : producer(y)?.op === "OneHot" ? x : undefined;
  return g && (g.type.shape.at(-1) ?? 1) === 1 ? [b.expand(g, shape)] : undefined;
};

/** Σ Σ x → Σ x over the axes of both, also through Squeeze; Σ over axes of size 1 → Squeeze. */
const sums: RewriteRule = (node, { b, inputs, producer }) => {
  if (node.op !== "ReduceSum") return undefined;
  const x = at(inputs, 0);
  const { axes, keep } = node.attributes;
  if (axes.every((axis) => x.type.shape[axis] === 1)) return [keep || axes.length === 0 ? x : b.squeeze(x, axes)];
  const inner = producer(x);
  const isMergeable = inner?.op === "Squeeze" ? !keep : inner?.op === "ReduceSum" && inner.attributes.keep === keep;
  if ((inner?.op !== "ReduceSum" && inner?.op !== "Squeeze") || !isMergeable) return undefined;
  const source = at(inner.inputs, 0);
  const remainingAxes = source.type.shape
    .map((_, axis) => axis)
    .filter((axis) => keep || !inner.attributes.axes.includes(axis));
  const outer = keep ? axes : axes.map((axis) => at(remainingAxes, axis));
  return [
    b.sum(
      source,
      [...new Set([...inner.attributes.axes, ...outer])].sort((p, q) => p - q),
      keep,
    ),
  ];
};

/** Size(f(x)) → Size(x), when x has as many elements: the size then does not depend on f(x). */
const sizes: RewriteRule = (node, { b, inputs, producer }) => {
  if (node.op !== "Size") return undefined;
  const x = at(inputs, 0);
  const count = elementCount(x.type.shape);
  const source = producer(x)?.inputs.findLast((input) => elementCount(input.type.shape) === count);
  return source && [b.size(source)];
};

/** f(Expand(x)) → Expand(f(x)), for a scalar x. */
const unaryOfSplat: RewriteRule = (node, { b, inputs, producer }) => {
  const expand = producer(inputs[0] ?? at(node.outputs, 0));
  if (expand?.op !== "Expand" || (node.op !== "Neg" && node.op !== "Unsqueeze")) return undefined;
  const x = at(expand.inputs, 0);
  if (elementCount(x.type.shape) !== 1) return undefined;
  return [b.expand(node.op === "Neg" ? b.neg(x) : x, at(node.outputs, 0).type.shape)];
};

/** x * k ± y * k → (x ± y) * k, for a scalar k. */
const sharedFactors: RewriteRule = (node, { b, inputs, producer }) => {
  if (node.op !== "Sub" && node.op !== "Add") return undefined;
  const [left, right] = inputs.map(producer);
  if (left?.op !== "Mul" || right?.op !== "Mul" || left === right) return undefined;
  const k = left.inputs.find((input) => elementCount(input.type.shape) === 1 && right.inputs.includes(input));
  const [x, y] = [left, right].map(({ inputs: [first, second] }) => (first === k ? second : first));
  if (k === undefined || x === undefined || y === undefined || !ifSameShape(node, x) || !ifSameShape(node, y))
    return undefined;
  return [b.mul(node.op === "Sub" ? b.sub(x, y) : b.add(x, y), k)];
};

const isScalar = ({ type }: Value) => type.shape.length === 0;

/** The operands of a product of a scalar and a value of another shape. */
function scaledOperand(node: Node | undefined): { readonly x: Value; readonly scale: Value } | undefined {
  const [x, y] = node?.op === "Mul" ? node.inputs : [];
  // In float16 a product of scalars could leave the range.
  if (x === undefined || y === undefined || isScalar(x) === isScalar(y) || x.type.dtype === "float16") return undefined;
  return isScalar(y) ? { x, scale: y } : { x: y, scale: x };
}

/** (x * s) * t → x * (s * t), for scalars s and t. */
const scalarFactors: RewriteRule = (node, { b, producer, inputs }) => {
  const outer = scaledOperand({ ...node, inputs });
  const inner = outer && scaledOperand(producer(outer.x));
  return inner && [b.mul(inner.x, b.mul(inner.scale, outer.scale))];
};

const rulesInOrder: readonly RewriteRule[] = [
  (node, { inputs }) => (node.op === "Identity" ? [at(inputs, 0)] : undefined),
  identities,
  signs,
  redundantExpands,
  oneHotSums,
  sums,
  sizes,
  unaryOfSplat,
  sharedFactors,
  scalarFactors,
  ...movementRules,
  ...castRules,
];

/** Rounds of rewriting to a fixpoint. Each round makes the graph smaller; the bound is a guard. */
const MAX_ROUNDS = 20;

export const simplify: Pass = {
  name: "simplify",
  preserves: ["simplify"],
  description: "Applies algebraic identities: x * 1 → x, x + -y → x - y, Transpose(Transpose(x)) → x.",
  run: (graph) => {
    let current = graph;
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const next = rewrite(current, (node, site) => {
        for (const rule of rulesInOrder) {
          const replaced = rule(node, site);
          if (replaced !== undefined) return replaced;
        }
        return undefined;
      });
      if (next === current) return current;
      current = next;
    }
    return current;
  },
};
