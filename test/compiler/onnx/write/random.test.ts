/** Random small graphs, with nested loops, have equal results in onnxruntime and in the evaluator. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { graphBuilder } from "../../../../compiler/graph/builder.js";
import { scan } from "../../../../compiler/graph/scan.js";
import type { Builder } from "../../../../compiler/ir/builder.js";
import { tensor } from "../../../../compiler/ir/tensor.js";
import type { Graph, Tensor, Value } from "../../../../compiler/ir/types.js";
import { readModel } from "../../../../compiler/onnx/read/model.js";
import { expectSame, modelOf } from "../../../support/run-graph.js";

const WIDTH = 3;

/** One node or loop to add. Operands are drawn from the existing values, all of shape [batch, 3]. */
interface Instruction {
  readonly kind: number;
  readonly x: number;
  readonly y: number;
}

/** Each keeps the shape [batch, 3] and the numbers small. */
const moves: readonly ((b: Builder, x: Value, y: Value) => Value)[] = [
  (b, x, y) => b.sub(x, y),
  (b, x, y) => b.mul(b.tanh(x), y),
  (b, x, y) => b.where(b.greater(x, 0), y, 0.5),
  (b, x, y) => b.concat([b.slice(x, 1, 0, 1), b.slice(y, 1, 1, WIDTH)], 1),
  (b, x, y) => b.add(b.sigmoid(x), b.mean(y, [0], true)),
  (b, x) => b.softmax(b.identity(x)),
  (b, x, y) => b.matmul(x, b.matmul(b.transpose(y, [1, 0]), b.mul(x, 0.1))),
  (b, x) => b.reshape(b.pad(b.reshape(x, [WIDTH, "batch"]), 0, 0, 0), ["batch", WIDTH]),
  (b, x, y) => b.add(x, b.unsqueeze(b.cast(b.equal(b.argmax(x, 1), b.argmax(y, 1)), "float32"), [1])),
  (b, x) => b.div(x, 1.5),
  (b, x) => b.mul(0.7, x),
  (b, x, y) => b.min(b.expand(b.sum(x, [1], true), ["batch", WIDTH]), y),
];

function pick<T>(items: readonly T[], index: number): T {
  const item = items[index % items.length];
  if (item === undefined) throw new Error("nothing to pick from");
  return item;
}

/** Adds nodes in order; an index beyond the table of moves adds a loop over the remaining moves. */
function extendGraph(
  b: Builder,
  values: readonly Value[],
  instructions: readonly Instruction[],
  depth: number,
): readonly Value[] {
  const [move, ...remaining] = instructions;
  if (move === undefined) return values;
  const [x, y] = [pick(values, move.x), pick(values, move.y)];
  const make = moves[move.kind];
  if (make !== undefined) return extendGraph(b, [...values, make(b, x, y)], remaining, depth);
  if (depth === 2) return extendGraph(b, values, remaining, depth);
  const scanned = b.concat([b.unsqueeze(x, [0]), b.unsqueeze(y, [0])], 0);
  const { final, scanOutputs: stacked } = scan(
    b,
    "loop",
    { initial: [y], scans: [scanned], reverse: move.x % 2 === 1 },
    (inner, states, slices) => {
      const results = extendGraph(inner, [...states, ...slices, x], remaining, depth + 1);
      return {
        next: [inner.tanh(pick(results, results.length - 1))],
        scanOutputs: [pick(results, move.y), pick(results, move.x)],
      };
    },
  );
  return [...values, ...final, ...stacked.map((value) => b.sum(value, [0]))];
}

function randomGraph(instructions: readonly Instruction[]): Graph {
  const b = graphBuilder("random");
  const inputs = ["p", "q"].map((name) => b.input(name, { dtype: "float32", shape: ["batch", WIDTH] }));
  return b.finish(extendGraph(b, inputs, instructions, 0).slice(-3));
}

function wave(seed: number): Tensor {
  return tensor(
    "float32",
    [2, WIDTH],
    Array.from({ length: 2 * WIDTH }, (_, i) => Math.fround(Math.sin(7 * i + seed))),
  );
}

const index = fc.nat({ max: 20 });
const moveLists = fc.array(fc.record({ kind: fc.nat({ max: moves.length + 1 }), x: index, y: index }), {
  minLength: 1,
  maxLength: 12,
});

test("any graph, at any opset", async () => {
  const property = fc.asyncProperty(moveLists, fc.integer({ min: 13, max: 25 }), async (instructions, opset) => {
    const graph = randomGraph(instructions);
    await expectSame(graph, [wave(1), wave(2)], opset);
    const model = readModel(await modelOf(graph, opset));
    expect(model.ok && model.model.operators.every(({ domain }) => domain === "ai.onnx")).toBe(true);
  });
  await fc.assert(property, { numRuns: 150, seed: 1 });
});
