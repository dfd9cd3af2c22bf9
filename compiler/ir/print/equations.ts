/** Nodes as equations: what is used once stands where it is used, everything else on a line of its own. */

import { at } from "../expect.js";
import type { Node, Value } from "../types.js";
import { printNumber } from "./format.js";

/** How an expression binds: sums least, what needs no parentheses most. */
type Precedence = 0 | 1 | 2 | 3 | 4;

interface InfixExpression {
  readonly text: string;
  readonly precedence: Precedence;
}

const atom = (text: string): InfixExpression => ({ text, precedence: 4 });

const binaryOperators: Readonly<Record<string, readonly [sign: string, strength: Precedence]>> = {
  Equal: ["==", 0],
  Less: ["<", 0],
  Greater: [">", 0],
  And: ["and", 0],
  Or: ["or", 0],
  Add: ["+", 1],
  Sub: ["-", 1],
  Mul: ["*", 2],
  Div: ["/", 2],
  MatMul: ["@", 2],
};

/** What changes only how numbers are laid out says nothing of what they are. */
const invisible: ReadonlySet<string> = new Set(["Identity", "Cast", "Unsqueeze", "Squeeze", "Expand"]);

export interface EquationScope {
  /** What values are called that are made elsewhere, or that must have a name; grows as lines are written. */
  readonly names: Map<Value, string>;
  /** A name that no other value has. */
  readonly fresh: (hint: string) => string;
  /** Values that are read more than once, by anyone. */
  readonly repeated: ReadonlySet<Value>;
}

/** Values that are read more than once, by some nodes and by others through `also`. */
export function repeatedValues(nodes: readonly Node[], otherReads: readonly Value[]): ReadonlySet<Value> {
  const reads = [...nodes.flatMap(({ inputs }) => inputs), ...otherReads];
  return new Set(reads.filter((value, index) => reads.indexOf(value) < index));
}

/** What a value is called on a page: from now on, where it had no name yet. */
export function nameInScope({ names, fresh }: EquationScope, value: Value, hint: string): string {
  const name = names.get(value) ?? fresh(value.name ?? hint);
  names.set(value, name);
  return name;
}

/** Lines for nodes, in order. Values that `page.names` lacks are written in place where that is short. */
export function infixLines(nodes: readonly Node[], scope: EquationScope): readonly string[] {
  const inline = new Map<Value, InfixExpression>();
  const operandOf = (value: Value): InfixExpression => inline.get(value) ?? atom(nameInScope(scope, value, "a"));
  const lines: string[] = [];
  for (const node of nodes) {
    const expression = expressionOf(node, operandOf);
    const [first] = node.outputs;
    if (node.outputs.length === 1 && first !== undefined && isInlined(node, first, expression, scope)) {
      inline.set(first, expression);
      continue;
    }
    const targets = node.outputs.map((output) => nameInScope(scope, output, "t"));
    lines.push(`${targets.join(", ")} = ${expression.text}`);
  }
  // What was written in place may still be asked for by name: by whoever reads the page next.
  for (const [value, { text }] of inline) scope.names.set(value, text);
  return lines;
}

/** Constants, what is read once, and a function of one name. Names that a cell's equations gave stay. */
function isInlined(node: Node, output: Value, { text, precedence }: InfixExpression, scope: EquationScope): boolean {
  if (scope.names.has(output)) return false;
  if (node.op === "Constant") return node.attributes.value.shape.length === 0;
  if (output.name !== undefined) return false;
  return !scope.repeated.has(output) || (precedence === 4 && text.length <= 12);
}

function expressionOf(node: Node, operandOf: (value: Value) => InfixExpression): InfixExpression {
  const operands = node.inputs.map(operandOf);
  const [a = atom("?"), b = atom("?"), c = atom("0")] = operands;
  const sign = binaryOperators[node.op];
  if (sign !== undefined) return infix(a, sign[0], b, sign[1]);
  if (invisible.has(node.op)) return a;
  switch (node.op) {
    case "Constant": {
      const { value } = node.attributes;
      return atom(
        value.shape.length === 0 ? printNumber(at(value.data, 0), value.dtype).replace(/\.0$/, "") : "constant",
      );
    }
    case "Neg":
      return { text: `-${parenthesize(a, 3)}`, precedence: 2 };
    case "Pow":
      return { text: `${parenthesize(a, 4)}^${parenthesize(b, 4)}`, precedence: 3 };
    case "Gemm": {
      const factor = (operand: InfixExpression, isTransposed: boolean) =>
        isTransposed ? atom(`${parenthesize(operand, 4)}ᵀ`) : operand;
      const product = infix(factor(a, node.attributes.transA), "@", factor(b, node.attributes.transB), 2);
      return node.inputs.length < 3 ? product : infix(product, "+", c, 1);
    }
    case "Transpose": {
      const { perm } = node.attributes;
      // The last two axes change places, and no others.
      const [others, last] = [perm.slice(0, -2), perm.slice(-2)];
      const swapsLastAxes =
        others.every((axis, index) => axis === index) && last.join() === `${perm.length - 1},${perm.length - 2}`;
      return atom(swapsLastAxes ? `${parenthesize(a, 4)}ᵀ` : `transpose(${a.text})`);
    }
    case "Reshape":
      return node.attributes.shape.length < at(node.inputs, 0).type.shape.length ? atom(`flat(${a.text})`) : a;
    case "Split":
      return atom(`split(${a.text}, ${node.outputs.length})`);
    case "Slice":
      return atom(`${parenthesize(a, 4)}[${node.attributes.start}:${node.attributes.end}]`);
    case "Gather":
      return atom(`${parenthesize(a, 4)}[${b.text}]`);
    case "ReduceSum":
    case "ReduceMean":
    case "ReduceMax":
      return atom(`${node.op.slice(6).toLowerCase()}(${a.text})`);
    default:
      return atom(`${node.op.toLowerCase()}(${operands.map(({ text }) => text).join(", ")})`);
  }
}

function infix(a: InfixExpression, sign: string, b: InfixExpression, precedence: Precedence): InfixExpression {
  // Operators of one strength go from left to right.
  const right = sign === "+" || sign === "*" ? precedence : ((precedence + 1) as Precedence);
  return { text: `${parenthesize(a, precedence)} ${sign} ${parenthesize(b, right)}`, precedence };
}

function parenthesize({ text, precedence }: InfixExpression, required: Precedence): string {
  return precedence < required ? `(${text})` : text;
}
