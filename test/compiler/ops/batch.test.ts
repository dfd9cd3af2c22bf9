/** The batching rule of every primitive: one more leading axis equals one operation per entry. */
import { describe, expect, test } from "vitest";
import { graphBuilder, ruleOf } from "../../../compiler/graph/builder.js";
import { evaluate } from "../../../compiler/graph/evaluate.js";
import { verify } from "../../../compiler/graph/verify.js";
import { at } from "../../../compiler/ir/expect.js";
import { tensor } from "../../../compiler/ir/tensor.js";
import type { Graph, NodeOf, OpName, Tensor } from "../../../compiler/ir/types.js";
import type { CaseOf } from "./case.js";
import { cases, drawOperands, graphOf, ops } from "./cases.js";
import { sizes } from "./sample.js";

const COPIES = [0, 1, 2];

/** All nonempty subsets of the positions of `count` operands. */
function subsets(count: number): readonly (readonly number[])[] {
  const positions = Array.from({ length: count }, (_, position) => position);
  return Array.from({ length: 2 ** count - 1 }, (_, code) =>
    positions.filter((position) => ((code + 1) >> position) % 2 === 1),
  );
}

function stack(copies: readonly Tensor[]): Tensor {
  const { dtype, shape } = at(copies, 0);
  const data = copies.flatMap((copy) => [...copy.data]);
  return tensor(dtype, [copies.length, ...shape], data);
}

/** The batched node with the new axis on the operands at `varying`; undefined where the rule refuses. */
function batchedGraph<K extends OpName>(
  op: K,
  { operands, attributes }: CaseOf<K>,
  varying: readonly number[],
): Graph | undefined {
  const { batch } = ruleOf(op);
  if (batch === "stay") return undefined;
  // The node is in a loop body, as in the passes that batch.
  const body = graphBuilder("body");
  const bodyInputs = operands.map(({ type }, index) => body.input(`operand.${index}`, type));
  const node: NodeOf<K> = { op, inputs: bodyInputs, outputs: body.apply(op, bodyInputs, attributes), attributes };

  const b = graphBuilder(`batched ${op}`);
  const batched = operands.map((_, index) => varying.includes(index));
  const inputs = operands.map(({ type: { dtype, shape } }, index) =>
    b.input(`operand.${index}`, { dtype, shape: batched[index] ? ["copies", ...shape] : shape }),
  );
  const results = batch(b, node, inputs, batched, "copies");
  return results && verify(b.finish(results), `the batch rule of ${op}`);
}

function testBatch<K extends OpName>(op: K, example: CaseOf<K>, varying: readonly number[]): void {
  const graph = batchedGraph(op, example, varying);
  const refuses = example.refuses?.some((set) => set.join() === varying.join()) ?? false;
  expect(graph === undefined).toBe(refuses);
  if (graph === undefined) return;

  const shared = drawOperands(op, example);
  const copies = COPIES.map((copy) => {
    const drawn = drawOperands(op, example, copy);
    return shared.map((tensor, index) => (varying.includes(index) ? at(drawn, index) : tensor));
  });
  const operands = shared.map((tensor, index) =>
    varying.includes(index) ? stack(copies.map((copy) => at(copy, index))) : tensor,
  );
  const separate = copies.map((copy) => evaluate(graphOf(op, example), copy, sizes));
  evaluate(graph, operands, sizes).forEach((result, index) => {
    const expected = stack(separate.map((results) => at(results, index)));
    expect([result.dtype, result.shape]).toEqual([expected.dtype, expected.shape]);
    result.data.forEach((entry, position) => {
      expect(entry).toBeCloseTo(at([...expected.data], position), 12);
    });
  });
}

describe.each(ops.filter((op) => ruleOf(op).batch !== "stay"))("%s", (op) => {
  for (const example of cases[op] as readonly CaseOf<typeof op>[]) {
    test.each(subsets(example.operands.length).map((varying) => ({ varying })))(
      `${example.title}: $varying`,
      ({ varying }) => testBatch(op, example, varying),
    );
  }
});

test("only constants, loops and operators of exported models never leave a loop", () => {
  const stay = ops.filter((op) => ruleOf(op).batch === "stay");
  expect(stay).toEqual(["Constant", "Range", "Scan", "Gelu", "RMSNormalization", "Attention", "RNN", "GRU", "LSTM"]);
});
