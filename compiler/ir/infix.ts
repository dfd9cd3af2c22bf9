/** Nodes as equations: what is used once stands where it is used, everything else on a line of its own. */
import { printNumber } from "./literal.js";
import { at } from "./present.js";
import type { Node, Value } from "./types.js";

/** How an expression binds: sums least, what needs no parentheses most. */
type Strength = 0 | 1 | 2 | 3 | 4;

interface Written {
  readonly text: string;
  readonly strength: Strength;
}

const atom = (text: string): Written => ({ text, strength: 4 });

const binary: Readonly<Record<string, readonly [sign: string, strength: Strength]>> = {
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
const silent: ReadonlySet<string> = new Set(["Identity", "Cast", "Unsqueeze", "Squeeze", "Expand"]);

export interface Page {
  /** What values are called that are made elsewhere, or that must have a name; grows as lines are written. */
  readonly names: Map<Value, string>;
  /** A name that no other value has. */
  readonly fresh: (hint: string) => string;
  /** Values that are read more than once, by anyone. */
  readonly repeated: ReadonlySet<Value>;
}

/** Values that are read more than once, by some nodes and by others through `also`. */
export function repeatedIn(nodes: readonly Node[], also: readonly Value[]): ReadonlySet<Value> {
  const reads = [...nodes.flatMap(({ inputs }) => inputs), ...also];
  return new Set(reads.filter((value, place) => reads.indexOf(value) < place));
}

/** What a value is called on a page: from now on, where it had no name yet. */
export function nameOn({ names, fresh }: Page, value: Value, hint: string): string {
  const name = names.get(value) ?? fresh(value.name ?? hint);
  names.set(value, name);
  return name;
}

/** Lines for nodes, in order. Values that `page.names` lacks are written in place where that is short. */
export function infixLines(nodes: readonly Node[], page: Page): readonly string[] {
  const inline = new Map<Value, Written>();
  const write = (value: Value): Written => inline.get(value) ?? atom(nameOn(page, value, "a"));
  const lines: string[] = [];
  for (const node of nodes) {
    const written = expressionOf(node, write);
    const [first] = node.outputs;
    if (node.outputs.length === 1 && first !== undefined && isInPlace(node, first, written, page)) {
      inline.set(first, written);
      continue;
    }
    const targets = node.outputs.map((output) => nameOn(page, output, "t"));
    lines.push(`${targets.join(", ")} = ${written.text}`);
  }
  // What was written in place may still be asked for by name: by whoever reads the page next.
  for (const [value, { text }] of inline) page.names.set(value, text);
  return lines;
}

/** Constants, what is read once, and a function of one name. Names that a cell's equations gave stay. */
function isInPlace(node: Node, output: Value, { text, strength }: Written, page: Page): boolean {
  if (page.names.has(output)) return false;
  if (node.op === "Constant") return node.attributes.value.shape.length === 0;
  if (output.name !== undefined) return false;
  return !page.repeated.has(output) || (strength === 4 && text.length <= 12);
}

function expressionOf(node: Node, write: (value: Value) => Written): Written {
  const operands = node.inputs.map(write);
  const [a = atom("?"), b = atom("?"), c = atom("0")] = operands;
  const sign = binary[node.op];
  if (sign !== undefined) return infix(a, sign[0], b, sign[1]);
  if (silent.has(node.op)) return a;
  switch (node.op) {
    case "Constant": {
      const { value } = node.attributes;
      return atom(
        value.shape.length === 0 ? printNumber(at(value.data, 0), value.dtype).replace(/\.0$/, "") : "constant",
      );
    }
    case "Neg":
      return { text: `-${bound(a, 3)}`, strength: 2 };
    case "Pow":
      return { text: `${bound(a, 4)}^${bound(b, 4)}`, strength: 3 };
    case "Gemm": {
      const side = (operand: Written, turned: boolean) => (turned ? atom(`${bound(operand, 4)}ᵀ`) : operand);
      const product = infix(side(a, node.attributes.transA), "@", side(b, node.attributes.transB), 2);
      return node.inputs.length < 3 ? product : infix(product, "+", c, 1);
    }
    case "Transpose": {
      const { perm } = node.attributes;
      // The last two axes change places, and no others.
      const [others, last] = [perm.slice(0, -2), perm.slice(-2)];
      const turns =
        others.every((axis, place) => axis === place) && last.join() === `${perm.length - 1},${perm.length - 2}`;
      return atom(turns ? `${bound(a, 4)}ᵀ` : `transpose(${a.text})`);
    }
    case "Reshape":
      return node.attributes.shape.length < at(node.inputs, 0).type.shape.length ? atom(`flat(${a.text})`) : a;
    case "Split":
      return atom(`split(${a.text}, ${node.outputs.length})`);
    case "Slice":
      return atom(`${bound(a, 4)}[${node.attributes.start}:${node.attributes.end}]`);
    case "Gather":
      return atom(`${bound(a, 4)}[${b.text}]`);
    case "ReduceSum":
    case "ReduceMean":
    case "ReduceMax":
      return atom(`${node.op.slice(6).toLowerCase()}(${a.text})`);
    default:
      return atom(`${node.op.toLowerCase()}(${operands.map(({ text }) => text).join(", ")})`);
  }
}

function infix(a: Written, sign: string, b: Written, strength: Strength): Written {
  // Operators of one strength go from left to right.
  const right = sign === "+" || sign === "*" ? strength : ((strength + 1) as Strength);
  return { text: `${bound(a, strength)} ${sign} ${bound(b, right)}`, strength };
}

function bound({ text, strength }: Written, needed: Strength): string {
  return strength < needed ? `(${text})` : text;
}
