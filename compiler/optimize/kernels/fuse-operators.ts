/**
 * Operators of newer opsets in exported models: the operations of gelu, of a root-mean-square normalization and of
 * attention become Gelu, RMSNormalization and Attention, where the opset has them.
 */
import { splatValue } from "../../graph/def-use.js";
import { type RewriteRule, type RewriteSite, rewrite } from "../../graph/rewrite.js";
import { sameShape } from "../../ir/dims.js";
import { at } from "../../ir/expect.js";
import type { Node, Shape, Value } from "../../ir/types.js";
import type { Pass } from "../pass.js";
import { matchRootMeanSquare } from "./fuse-normalization.js";

/** The first opset with each operator. An exact gelu is written in the form that runtimes fuse where the opset lacks it. */
const firstOpset = { "exact Gelu": 13, Gelu: 20, RMSNormalization: 23, Attention: 23 } as const;

/** The x and the number c of x * c, or of x + c. */
function withConstant(
  value: Value,
  op: "Mul" | "Add",
  { producer }: RewriteSite,
): { readonly x: Value; readonly c: number } | undefined {
  const node = producer(value);
  if (node?.op !== op) return undefined;
  for (const [index, x] of node.inputs.entries()) {
    const c = splatValue(at(node.inputs, 1 - index), producer);
    if (c !== undefined && sameShape(x.type.shape, value.type.shape)) return { x, c };
  }
  return undefined;
}

const isNear = (a: number, b: number) => Math.abs(a - b) <= 1e-7 * Math.abs(b);

/** The operand of √(2/π) (x + 0.044715 x³), written as x * (x * x * c₁ + c₀). */
function isTanhOperand(value: Value, x: Value, site: RewriteSite): boolean {
  const product = site.producer(value);
  const other = product?.op === "Mul" ? product.inputs[1 - product.inputs.indexOf(x)] : undefined;
  const sum = product?.inputs.includes(x) && other !== undefined ? withConstant(other, "Add", site) : undefined;
  const cubic = sum && withConstant(sum.x, "Mul", site);
  const square = cubic && site.producer(cubic.x);
  const scale = Math.sqrt(2 / Math.PI);
  return (
    square?.op === "Mul" &&
    square.inputs.every((input) => input === x) &&
    isNear(sum?.c ?? 0, scale) &&
    isNear(cubic?.c ?? 0, scale * 0.044715)
  );
}

/** x * (erf(x √½) / 2 + ½), or the same with tanh. */
const geluRule =
  (approximate: "none" | "tanh"): RewriteRule =>
  (node, site) => {
    const { b, inputs, producer } = site;
    if (node.op !== "Mul") return undefined;
    for (const [index, x] of inputs.entries()) {
      const sum = withConstant(at(inputs, 1 - index), "Add", site);
      const half = sum?.c === 0.5 ? withConstant(sum.x, "Mul", site) : undefined;
      const curve = half?.c === 0.5 ? producer(half.x) : undefined;
      if (curve === undefined || !sameShape(x.type.shape, at(node.outputs, 0).type.shape)) continue;
      const operand = at(curve.inputs, 0);
      if (approximate === "none") {
        const scaled = curve.op === "Erf" ? withConstant(operand, "Mul", site) : undefined;
        if (scaled?.x === x && isNear(scaled.c, Math.SQRT1_2)) return b.apply("Gelu", [x], { approximate });
      } else if (curve.op === "Tanh" && isTanhOperand(operand, x, site)) return b.apply("Gelu", [x], { approximate });
    }
    return undefined;
  };

/** c / √(mean(c * c) + ε), and the gain after it. */
const rmsRule: RewriteRule = (node, { b, inputs, producer }) => {
  const match = matchRootMeanSquare(node, inputs, producer);
  if (match !== undefined) {
    const scale = b.expand(1, match.c.type.shape.slice(-1));
    return b.apply("RMSNormalization", [match.c, scale], { epsilon: match.epsilon });
  }
  if (node.op !== "Mul") return undefined;
  for (const [index, operand] of inputs.entries()) {
    const normalization = producer(operand);
    const gain = at(inputs, 1 - index);
    if (normalization?.op !== "RMSNormalization") continue;
    const [x, scale] = [at(normalization.inputs, 0), at(normalization.inputs, 1)];
    if (splatValue(scale, producer) === 1 && sameShape(gain.type.shape, scale.type.shape))
      return b.apply("RMSNormalization", [x, gain], normalization.attributes);
  }
  return undefined;
};

/** The value before a Reshape to `shape`, if there is one. */
function beforeReshape(value: Value, { producer }: RewriteSite): Value {
  const node = producer(value);
  return node?.op === "Reshape" ? at(node.inputs, 0) : value;
}

/** The transpose of the last two axes. */
function swapLastAxes({ b, producer }: RewriteSite, value: Value): Value {
  const swap = <T>(items: readonly T[]): readonly T[] =>
    [...items.slice(0, -2), at(items, items.length - 1), at(items, items.length - 2)] as readonly T[];
  const node = producer(value);
  if (node?.op !== "Transpose") return b.transpose(value, swap(value.type.shape.map((_, axis) => axis)));
  const perm = swap(node.attributes.perm);
  return perm.every((from, axis) => from === axis) ? at(node.inputs, 0) : b.transpose(at(node.inputs, 0), perm);
}

/** A bias of scores [batch, heads, steps, memory steps] as a matrix, or with all four axes. */
function biasOperand(b: RewriteSite["b"], bias: Value, scores: Shape): Value | undefined {
  const { shape } = bias.type;
  const matrix = scores.slice(-2);
  if (shape.length < 2 || !sameShape(shape.slice(-1), scores.slice(-1))) return undefined;
  const aligned = shape.length === 3 ? b.unsqueeze(bias, [0]) : bias;
  if (sameShape(shape.slice(-2), matrix)) return aligned;
  return shape.at(-2) === 1 ? b.expand(aligned, [...aligned.type.shape.slice(0, -2), ...matrix]) : undefined;
}

/** softmax(q kᵀ + bias) v. Queries of heads that share keys may be rows of one product, with reshapes around. */
const attentionRule: RewriteRule = (node, site) => {
  const { b, inputs, producer } = site;
  if (node.op !== "MatMul" || at(node.outputs, 0).type.shape.length !== 4) return undefined;
  const values = at(inputs, 1);
  const softmax = producer(beforeReshape(at(inputs, 0), site));
  if (softmax?.op !== "Softmax") return undefined;
  const biased = at(softmax.inputs, 0);
  const { shape: scoresShape } = biased.type;
  if (scoresShape.length !== 4) return undefined;
  const sum = producer(biased);
  const candidates: readonly (readonly [scores: Value, bias: Value | undefined])[] =
    sum?.op === "Add"
      ? [
          [at(sum.inputs, 0), at(sum.inputs, 1)],
          [at(sum.inputs, 1), at(sum.inputs, 0)],
        ]
      : [[biased, undefined]];
  for (const [scores, bias] of candidates) {
    const product: Node | undefined = producer(beforeReshape(scores, site));
    if (product?.op !== "MatMul" || !sameShape(scores.type.shape, scoresShape)) continue;
    const [queries, transposedKeys] = [at(product.inputs, 0), at(product.inputs, 1)];
    const size = at(queries.type.shape, queries.type.shape.length - 1);
    const keyAxes = transposedKeys.type.shape;
    if (queries.type.shape.length !== 4 || keyAxes.length !== 4 || values.type.shape.length !== 4) continue;
    if (!sameShape(keyAxes.slice(0, 2), values.type.shape.slice(0, 2))) continue;
    const mask = bias === undefined ? undefined : biasOperand(b, bias, scoresShape);
    if (bias !== undefined && mask === undefined) continue;
    const queryShape = [...scoresShape.slice(0, 3), size];
    const perHead = sameShape(queries.type.shape, queryShape) ? queries : b.reshape(queries, queryShape);
    const operands = [perHead, swapLastAxes(site, transposedKeys), values, ...(mask === undefined ? [] : [mask])];
    const [result] = b.apply("Attention", operands, { scale: 1 });
    const { shape } = at(node.outputs, 0).type;
    return result && [sameShape(result.type.shape, shape) ? result : b.reshape(result, shape)];
  }
  return undefined;
};

const rules: readonly (readonly [keyof typeof firstOpset, RewriteRule])[] = [
  ["exact Gelu", geluRule("none")],
  ["Gelu", geluRule("tanh")],
  ["RMSNormalization", rmsRule],
  ["Attention", attentionRule],
];

export const fuseOperators: Pass = {
  name: "fuse-operators",
  description: "Uses operators of newer opsets in exported models: x * (erf(x * √½) * ½ + ½) → Gelu(x).",
  run: (graph, { opset = 0 }) =>
    rules
      .filter(([operator]) => firstOpset[operator] <= opset)
      .reduce((current, [, rule]) => rewrite(current, rule), graph),
};
