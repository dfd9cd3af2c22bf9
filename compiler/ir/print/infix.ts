/** Infix notation: the expression of every primitive, with the parentheses that its operands need. */

import { at } from "../expect.js";
import type { NodeOf, OpName, Tensor } from "../types.js";
import { printNumber } from "./format.js";

/** Binding strength: 0 comparisons, 1 sums, 2 products, 3 powers, 4 atoms. */
export type Precedence = 0 | 1 | 2 | 3 | 4;

export interface InfixExpression {
  readonly text: string;
  readonly precedence: Precedence;
  /** True for a product with a matrix product outside of parentheses, which is no factor on the right of another. */
  readonly hasMatrixProduct?: boolean;
}

type Printer<K extends OpName> = (operands: readonly InfixExpression[], node: NodeOf<K>) => InfixExpression;

export const atom = (text: string): InfixExpression => ({ text, precedence: 4 });

function infix(a: InfixExpression, sign: string, b: InfixExpression, precedence: Precedence): InfixExpression {
  // Operators of one precedence associate to the left: a * (b @ c) is not (a * b) @ c.
  const isAssociative = sign === "+" || (sign === "*" && b.hasMatrixProduct !== true);
  const right = isAssociative ? precedence : ((precedence + 1) as Precedence);
  const text = `${parenthesize(a, precedence)} ${sign} ${parenthesize(b, right)}`;
  const hasMatrixProduct = sign === "@" || (precedence === 2 && a.precedence === 2 && a.hasMatrixProduct === true);
  return { text, precedence, hasMatrixProduct };
}

function parenthesize({ text, precedence }: InfixExpression, required: Precedence): string {
  return precedence < required ? `(${text})` : text;
}

const operator =
  (sign: string, precedence: Precedence) =>
  ([a = atom("?"), b = atom("?")]: readonly InfixExpression[]) =>
    infix(a, sign, b, precedence);

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
  Cast: operandOnly,

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
  Not: call("not"),

  Add: operator("+", 1),
  Sub: operator("-", 1),
  Mul: operator("*", 2),
  Div: operator("/", 2),
  Pow: ([a = atom("?"), b = atom("?")]) => ({ text: `${parenthesize(a, 4)}^${parenthesize(b, 4)}`, precedence: 3 }),
  Mod: call("mod"),
  Min: call("min"),
  Max: call("max"),
  Equal: operator("==", 0),
  Less: operator("<", 0),
  Greater: operator(">", 0),
  And: operator("and", 0),
  Or: operator("or", 0),
  Where: call("where"),

  MatMul: operator("@", 2),
  Gemm: ([a = atom("?"), b = atom("?"), c], { attributes: { transA, transB } }) => {
    const product = infix(transA ? postfix([a], "ᵀ") : a, "@", transB ? postfix([b], "ᵀ") : b, 2);
    return c === undefined ? product : infix(product, "+", c, 1);
  },

  ReduceSum: call("sum"),
  ReduceMean: call("mean"),
  ReduceMax: call("max"),
  ArgMax: call("argmax"),
  Softmax: call("softmax"),
  LogSoftmax: call("logsoftmax"),
  LayerNormalization: call("layernorm"),

  Reshape: (operands, { attributes, inputs }) =>
    attributes.shape.length < at(inputs, 0).type.shape.length ? call("flat")(operands) : operandOnly(operands),
  Expand: operandOnly,
  Transpose: (operands, { attributes: { perm } }) => {
    const rank = perm.length;
    const swapsLastAxes = perm.every((axis, index) => axis === (index < rank - 2 ? index : 2 * rank - 3 - index));
    return swapsLastAxes ? postfix(operands, "ᵀ") : call("transpose")(operands);
  },
  Unsqueeze: operandOnly,
  Squeeze: operandOnly,
  Concat: call("concat"),
  Split: ([a = atom("?")], { outputs }) => atom(`split(${a.text}, ${outputs.length})`),
  Slice: (operands, { attributes: { start, end } }) => postfix(operands, `[${start}:${end}]`),
  Pad: call("pad"),

  Gather: (operands) => postfix(operands, `[${operands[1]?.text ?? "?"}]`),
  GatherElements: call("gatherelements"),
  ScatterElements: call("scatterelements"),
  OneHot: call("onehot"),

  Scan: call("scan"),
  Gelu: call("gelu"),
  RMSNormalization: call("rmsnorm"),
  Attention: call("attention"),
  RNN: call("rnn"),
  GRU: call("gru"),
  LSTM: call("lstm"),
};

/** @param operands the expressions of the node's inputs. */
export function infixExpression<K extends OpName>(
  node: NodeOf<K>,
  operands: readonly InfixExpression[],
): InfixExpression {
  return printers[node.op](operands, node);
}
