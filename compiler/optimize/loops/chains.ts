/** Expression chains of a loop body: nested sums, or nested products, whose inner nodes have one reader. */
import { countReaders } from "../../graph/def-use.js";
import type { Builder } from "../../ir/builder.js";
import { at } from "../../ir/expect.js";
import type { Graph, Node, Value } from "../../ir/types.js";

/** An operand of a chain: an addend, negative when subtracted, or a factor, which is never negative. */
export interface Term {
  readonly value: Value;
  readonly negative: boolean;
}

export type ChainKind = "sum" | "product";

export interface Chains {
  /** The kind of the chain that contains a node. */
  kindOf(node: Node): ChainKind | undefined;
  /** The terms of the chain that ends in a node, from the left, by the node's operand. */
  termsByOperand(node: Node): readonly (readonly Term[])[];
}

function kindOf(node: Node): ChainKind | undefined {
  if (node.op === "Add" || node.op === "Sub") return "sum";
  return node.op === "Mul" ? "product" : undefined;
}

export function chainsOf(body: Graph): Chains {
  const readers = countReaders(body);
  const links = new Map<Value, Node>();
  for (const node of body.nodes) {
    const output = at(node.outputs, 0);
    if (kindOf(node) !== undefined && readers.get(output) === 1) links.set(output, node);
  }
  const termsByOperand = (node: Node, negative = false): readonly (readonly Term[])[] =>
    node.inputs.map((value, index) => {
      const sign = negative !== (node.op === "Sub" && index === 1);
      const link = links.get(value);
      return link !== undefined && kindOf(link) === kindOf(node)
        ? termsByOperand(link, sign).flat()
        : [{ value, negative: sign }];
    });
  return { kindOf, termsByOperand: (node) => termsByOperand(node) };
}

/** The sum or product of two terms. */
function join(b: Builder, kind: ChainKind, x: Term, y: Term): Term {
  if (kind === "product") return { value: b.mul(x.value, y.value), negative: false };
  if (x.negative === y.negative) return { value: b.add(x.value, y.value), negative: x.negative };
  return { value: x.negative ? b.sub(y.value, x.value) : b.sub(x.value, y.value), negative: false };
}

/**
 * The sum or product of terms from the left. It is negative only when all are, and the first term of a chain is not.
 */
export function joinTerms(b: Builder, kind: ChainKind, terms: readonly Term[]): Term {
  return terms.reduce((x, y) => join(b, kind, x, y));
}
