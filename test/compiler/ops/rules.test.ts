/** Every primitive: inferred types against evaluated ones, gradients against finite differences. */
import { describe, expect, test } from "vitest";
import { ruleOf } from "../../../compiler/graph/builder.js";
import { evaluate } from "../../../compiler/graph/evaluate.js";
import type { OpName } from "../../../compiler/ir/types.js";
import { broadcastTypes } from "../../../compiler/ops/broadcast.js";
import { randomStream } from "../../../runtime/tensors/random.js";
import { expectGradients, gradients, weightedSum } from "../../support/finite-differences.js";
import type { CaseOf } from "./case.js";
import { cases, drawOperands, graphOf, ops } from "./cases.js";
import { sizes, staticSizes } from "./sample.js";

function testTypes<K extends OpName>(op: K, example: CaseOf<K>): void {
  const graph = graphOf(op, example);
  const results = evaluate(graph, drawOperands(op, example), sizes);
  expect(results.map(({ dtype, shape }) => ({ dtype, shape }))).toEqual(
    graph.outputs.map(({ type: { dtype, shape } }) => ({ dtype, shape: staticSizes(shape) })),
  );
  for (const { shape, data } of results) expect(data).toHaveLength(shape.reduce((product, size) => product * size, 1));
}

function testGradient<K extends OpName>(op: K, example: CaseOf<K>): void {
  const loss = weightedSum(graphOf(op, example), drawOperands(op, example), randomStream(2, op), sizes);
  const floats = example.operands.flatMap(({ type }, position) => (type.dtype === "float32" ? [position] : []));
  expectGradients(loss, floats);
  if (ruleOf(op).vjp === "none") {
    for (const { data } of gradients(loss, floats)) expect(data.every((entry) => entry === 0)).toBe(true);
  }
}

/** The traits that a case can disprove: commutativity, and broadcasting to one shape. */
function testTraits<K extends OpName>(op: K, example: CaseOf<K>): void {
  const { commutative, broadcasting } = ruleOf(op).traits;
  const graph = graphOf(op, example);
  const operands = drawOperands(op, example);
  const [result] = evaluate(graph, operands, sizes);
  if (commutative) {
    const swapped = graphOf(op, { ...example, operands: example.operands.toReversed() });
    expect(evaluate(swapped, operands.toReversed(), sizes)[0]?.data).toEqual(result?.data);
  }
  if (broadcasting) {
    const shape = broadcastTypes(example.operands.map(({ type }) => type));
    expect(graph.outputs.map(({ type }) => type.shape)).toEqual([shape]);
  }
}

describe.each(ops)("%s", (op) => {
  for (const example of cases[op] as readonly CaseOf<typeof op>[]) {
    test(`has its traits: ${example.title}`, () => testTraits(op, example));
    test(`infers types: ${example.title}`, () => testTypes(op, example));
    if (ruleOf(op).vjp === "inference") continue;
    test(`has the gradient of its finite differences: ${example.title}`, () => testGradient(op, example));
  }
});
