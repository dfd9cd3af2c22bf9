/**
 * Common factors of sums outside loops: x * a + x * b → x * (a + b), where all are of one shape. The constants of each
 * product become one, which joins an exponential among its factors: c * exp(k - y) = exp(k + ln c - y). Rounding
 * differs.
 */
import { copyGraph } from "../../graph/copy-graph.js";
import { constantOf, countReaders, producersOf } from "../../graph/def-use.js";
import type { Builder } from "../../ir/builder.js";
import { sameShape } from "../../ir/dims.js";
import { at } from "../../ir/expect.js";
import type { Graph, Node, Value } from "../../ir/types.js";
import { chainsOf } from "../loops/chains.js";
import type { Pass } from "../pass.js";

/** A product: factors times a constant. */
interface Product {
  readonly factors: readonly Value[];
  readonly constant: number;
}

interface FactoredSum {
  readonly factor: Value;
  /** The products without the factor. */
  readonly terms: readonly Product[];
}

/** The values of a graph: their producers, the number of their readers, and those that are constant scalars. */
function valuesOf(graph: Graph) {
  const producers = producersOf(graph);
  const scalarConstant = (value: Value) => {
    if (value.type.shape.length > 0) return undefined;
    return constantOf(value, (each) => producers.get(each))?.data[0];
  };
  return { producers, readers: countReaders(graph), scalarConstant };
}

type GraphValues = ReturnType<typeof valuesOf>;

function factoredSumsOf(
  graph: Graph,
  { producers, readers, scalarConstant }: GraphValues,
): ReadonlyMap<Node, FactoredSum> {
  const { termsByOperand } = chainsOf(graph);
  const productOf = (value: Value): Product | undefined => {
    const producer = producers.get(value);
    if (producer?.op !== "Mul" || readers.get(value) !== 1) return undefined;
    const values = termsByOperand(producer).flatMap((terms) => terms.map((term) => term.value));
    const factors = values.filter((each) => scalarConstant(each) === undefined);
    const isUniform = factors.every((each) => sameShape(each.type.shape, value.type.shape));
    const constant = values.reduce((product, each) => product * (scalarConstant(each) ?? 1), 1);
    return isUniform ? { factors, constant } : undefined;
  };
  const sums = graph.nodes.flatMap((node): readonly (readonly [Node, FactoredSum])[] => {
    // In float16 a product of other factors could leave the range.
    if (node.op !== "Add" || at(node.outputs, 0).type.dtype === "float16") return [];
    const [left, right] = [productOf(at(node.inputs, 0)), productOf(at(node.inputs, 1))];
    const factor = left?.factors.find((each) => right?.factors.includes(each));
    if (left === undefined || right === undefined || factor === undefined) return [];
    const terms = [left, right].map(({ factors, constant }) => {
      return { factors: factors.toSpliced(factors.indexOf(factor), 1), constant };
    });
    return terms.every(({ factors }) => factors.length > 0) ? [[node, { factor, terms }]] : [];
  });
  return new Map(sums);
}

/** c * exp(k - y) as exp(k + ln c - y); undefined for another factor. */
function scaledExponential(
  b: Builder,
  value: Value,
  c: number,
  { producers, readers, scalarConstant }: GraphValues,
  lookup: (value: Value) => Value,
): Value | undefined {
  const exponential = producers.get(value);
  const operand = exponential?.op === "Exp" ? at(exponential.inputs, 0) : undefined;
  const difference = operand && producers.get(operand);
  if (difference?.op !== "Sub" || operand === undefined || c <= 0) return undefined;
  const shift = scalarConstant(at(difference.inputs, 0));
  if (shift === undefined || readers.get(value) !== 1 || readers.get(operand) !== 1) return undefined;
  return b.exp(b.sub(shift + Math.log(c), lookup(at(difference.inputs, 1))));
}

export const factorSums: Pass = {
  name: "factor-sums",
  description: "Extracts a common factor of two products: x * a + x * b → x * (a + b), outside loops.",
  run: (graph) => {
    const values = valuesOf(graph);
    const sums = factoredSumsOf(graph, values);
    if (sums.size === 0) return graph;
    return copyGraph(graph, (node, b, { get: lookup }) => {
      const sum = sums.get(node);
      if (sum === undefined) return undefined;
      const terms = sum.terms.map(({ factors, constant: c }) => {
        const scaled = c === 1 ? [] : factors.map((factor) => scaledExponential(b, factor, c, values, lookup));
        const chosen = scaled.findIndex((factor) => factor !== undefined);
        const product = factors
          .map((factor, index) => (index === chosen ? at(scaled, index) : undefined) ?? lookup(factor))
          .reduce((x, y) => b.mul(x, y));
        return chosen >= 0 || c === 1 ? product : b.mul(product, c);
      });
      return [b.mul(lookup(sum.factor), b.add(at(terms, 0), at(terms, 1)))];
    });
  },
};
