/** Infix notation: the expression of every primitive, with the parentheses that its operands need. */

import { at } from "../expect.js";
import type { Node, NodeOf, OpName, Tensor } from "../types.js";
import { atom, type InfixExpression, type Precedence, parenthesize } from "./expression.js";
import { printNumber } from "./format.js";
import { concat, outer, reduction, reshape, rowProduct, slice, squeeze, transpose, unsqueeze } from "./layout.js";

export { atom, type InfixExpression } from "./expression.js";

type Printer<K extends OpName> = (operands: readonly InfixExpression[], node: NodeOf<K>) => InfixExpression;

function infix(a: InfixExpression, sign: string, b: InfixExpression, precedence: Precedence): InfixExpression {
  // Operators of one precedence associate to the left: a * (b @ c) is not (a * b) @ c.
  const isAssociative = sign === "+" || (sign === "*" && b.hasMatrixProduct !== true);
  const right = isAssociative ? precedence : ((precedence + 1) as Precedence);
  const text = `${parenthesize(a, precedence)} ${sign} ${parenthesize(b, right)}`;
  const hasMatrixProduct = sign === "@" || (precedence === 2 && a.precedence === 2 && a.hasMatrixProduct === true);
  return { text, precedence, hasMatrixProduct };
}

const operator =
  (sign: string, precedence: Precedence) =>
  ([a = atom("?"), b = atom("?")]: readonly InfixExpression[]) =>
    infix(a, sign, b, precedence);

/** A comparison; the opposite one is its negation. */
const comparison =
  (sign: string, opposite: string) =>
  ([a = atom("?"), b = atom("?")]: readonly InfixExpression[]): InfixExpression => ({
    ...infix(a, sign, b, 0),
    opposite: infix(a, opposite, b, 0),
  });

const call =
  (name: string) =>
  (operands: readonly InfixExpression[]): InfixExpression =>
    atom(`${name}(${operands.map(({ text }) => text).join(", ")})`);

/** The operand alone: for operators that change the type or the layout, but no values. */
const operandOnly = ([a = atom("?")]: readonly InfixExpression[]) => a;

const postfix = ([a = atom("?")]: readonly InfixExpression[], suffix: string) => atom(`${parenthesize(a, 4)}${suffix}`);

/** True for a constant of ones, as of sums by products. */
export function isOnes({ data }: Tensor): boolean {
  return data.length > 0 && data.every((element) => element === 1);
}

const printers: { readonly [K in OpName]: Printer<K> } = {
  Constant: (_, { attributes: { value } }) => {
    if (value.shape.length === 0) return atom(printNumber(at(value.data, 0), value.dtype).replace(/\.0$/, ""));
    return atom(isOnes(value) ? `ones(${value.shape.join(", ")})` : "constant");
  },
  Range: call("range"),
  Size: call("size"),
  Identity: operandOnly,
  Cast: ([a = atom("?")], { inputs }) => {
    if (at(inputs, 0).type.dtype !== "bool") return a;
    // A condition has no product in an equation.
    const isNegation = a.opposite !== undefined && a.text.startsWith("not(");
    return atom(isNegation ? `where(${a.opposite?.text}, 0, 1)` : `where(${a.text}, 1, 0)`);
  },

  Neg: ([a = atom("?")]) => ({ text: `-${parenthesize(a, 3)}`, precedence: 2 }),
  Exp: call("exp"),
  Log: call("log"),
  Sqrt: call("sqrt"),
  Abs: call("abs"),
  Sign: call("sign"),
  Floor: call("floor"),
  Sin: call("sin"),
  Cos: call("cos"),
  Tanh: call("tanh"),
  Sigmoid: call("sigmoid"),
  Relu: call("relu"),
  Softplus: call("softplus"),
  Erf: call("erf"),
  Not: ([a = atom("?")]) => a.opposite ?? { ...atom(`not(${a.text})`), opposite: a },

  Add: operator("+", 1),
  Sub: operator("-", 1),
  Mul: ([a = atom("?"), b = atom("?")]) => outer(a, b) ?? outer(b, a) ?? infix(a, "*", b, 2),
  Div: operator("/", 2),
  Pow: ([a = atom("?"), b = atom("?")]) => ({ text: `${parenthesize(a, 4)}^${parenthesize(b, 4)}`, precedence: 3 }),
  Mod: call("mod"),
  Min: call("min"),
  Max: call("max"),
  Equal: comparison("==", "!="),
  Less: comparison("<", ">="),
  Greater: comparison(">", "<="),
  And: operator("and", 0),
  Or: operator("or", 0),
  Where: call("where"),

  MatMul: ([a = atom("?"), b = atom("?")]) =>
    outer(a, b) ?? rowProduct(a, (vector) => infix(vector, "@", b, 2)) ?? infix(a, "@", b, 2),
  Gemm: ([a = atom("?"), b = atom("?"), c], { attributes: { transA, transB } }) => {
    const product = infix(transA ? postfix([a], "ᵀ") : a, "@", transB ? postfix([b], "ᵀ") : b, 2);
    return c === undefined ? product : infix(product, "+", c, 1);
  },

  ReduceSum: reduction("sum"),
  ReduceMean: reduction("mean"),
  ReduceMax: reduction("amax"),
  ArgMax: call("argmax"),
  Softmax: call("softmax"),
  LogSoftmax: call("log_softmax"),
  LayerNormalization: ([a = atom("?"), scale], { attributes: { epsilon } }) => {
    const normalized = atom(epsilon === 1e-5 ? `layer_norm(${a.text})` : `layer_norm(${a.text}, 1, ${epsilon})`);
    return scale === undefined || /^(ones\(|1$)/.test(scale.text) ? normalized : infix(normalized, "*", scale, 2);
  },

  Reshape: reshape,
  Expand: operandOnly,
  Transpose: transpose,
  Unsqueeze: unsqueeze,
  Squeeze: squeeze,
  Concat: concat,
  Split: ([a = atom("?")], { attributes: { sizes } }) => {
    const areEqual = sizes.every((size) => size === sizes[0]);
    return atom(`split(${a.text}, ${areEqual ? sizes.length : sizes.join(", ")})`);
  },
  Slice: slice,
  Pad: call("pad"),

  Gather: (operands) => postfix(operands, `[${operands[1]?.text ?? "?"}]`),
  GatherElements: call("gather"),
  ScatterElements: call("scatterelements"),
  OneHot: ([a = atom("?")], { attributes: { depth } }) => {
    const index = a.removed?.axis === -1 ? a.removed.of : a;
    return atom(`one_hot(${index.text}, ${depth})`);
  },

  Scan: call("scan"),
  Gelu: call("gelu"),
  RMSNormalization: call("rmsnorm"),
  Attention: call("attention"),
  RNN: call("rnn"),
  GRU: call("gru"),
  LSTM: call("lstm"),
};

/** @param operands the expressions of the node's inputs. */
function infixExpression<K extends OpName>(node: NodeOf<K>, operands: readonly InfixExpression[]): InfixExpression {
  return printers[node.op](operands, node);
}

/** The expressions of a node's results: of a normalization also the mean and the inverse deviation, for its derivative. */
export function resultExpressions(node: Node, operands: readonly InfixExpression[]): readonly InfixExpression[] {
  const first = infixExpression(node, operands);
  if (node.op !== "LayerNormalization") return [first];
  const [a = atom("?")] = operands;
  const centered = `(${parenthesize(a, 1)} - mean(${a.text}))`;
  const variance = `mean(${centered}^2) + ${node.attributes.epsilon}`;
  const statistics = [atom(`mean(${a.text})`), { text: `1 / sqrt(${variance})`, precedence: 2 } as const];
  return [first, ...statistics].slice(0, node.outputs.length);
}
