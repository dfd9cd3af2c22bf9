/**
 * The built-in cells: values against a plain implementation, gradients against finite differences, nodes in their
 * loops.
 */
import { describe, expect, test } from "vitest";
import { restrictToOutputs } from "../../../../../compiler/elaborate/program.js";
import { evaluate } from "../../../../../compiler/graph/evaluate.js";
import { tabulate } from "../../../../../compiler/ir/tensor.js";
import type { Graph, Tensor } from "../../../../../compiler/ir/types.js";
import { forwardPasses, runPasses } from "../../../../../compiler/optimize/pipeline.js";
import { buildTrainingStep } from "../../../../../compiler/pipeline/training-step.js";
import { type RandomStream, randomStream } from "../../../../../runtime/tensors/random.js";
import { builtInCells } from "../../../../../schema/built-in.js";
import { expectGradients, weightedSum } from "../../../../support/finite-differences.js";
import { open, operandsOf, programOf } from "../../../../support/programs.js";
import { expectClose, nested } from "../../../../support/reference-numbers.js";
import { type CellReference, paperCells, references, runReference } from "./cell-references.js";
import { parametersOf, rowsOf } from "./rows.js";

const [batch, time, n, m] = [2, 3, 2, 3];

test("every built-in cell has a reference", () => {
  const tested = Object.values(references).map(({ use }) => use.cell);
  expect([...new Set([...tested, "rnn", "gru", ...paperCells])].sort()).toEqual(builtInCells());
});

describe.each(Object.entries(references))("%s", (name, reference) => {
  const random = randomStream(3, name);
  const normal = (...shape: readonly number[]) => draw(random, shape);
  const x = normal(batch, time, n);
  const parameters = Object.entries(reference.parameters(n, m)).map(
    ([parameter, shape]) => [`rnn/0/${parameter}`, normal(...shape)] as const,
  );
  const values = new Map<string, Tensor>([["inputs", x], ...parameters]);

  test("has the values of its reference", async () => {
    const { program } = await elaborated(reference, x);
    const results = evaluate(program.graph, operandsOf(program.inputs, values));
    const actual = new Map(program.outputs.map((port, index) => [port.name, results[index]]));
    const runs = rowsOf(x).map((xs) => runReference(reference, xs, m, parametersOf(values)));
    const outputs = runs.flatMap((run) => run.outputs.flat());
    expectClose(
      actual.get("outputs"),
      { shape: [batch, time, outputs.length / batch / time], data: outputs },
      1e-12,
      "y",
    );
    for (const [state, size] of Object.entries(reference.states(m))) {
      const data = runs.flatMap(({ last }) => last[state] ?? []);
      expectClose(actual.get(`rnn/0/${state}`), { shape: [batch, size], data }, 1e-12, state);
    }
  });

  test("has the gradient of finite differences", async () => {
    const { program, signature } = await elaborated(reference, x);
    const operands = operandsOf(program.inputs, values);
    const loss = weightedSum(program.graph, operands, randomStream(4, name));
    expectGradients(loss, [...operands.keys()]);
    const context = { expected: new Map(Object.entries(signature.expected)) };
    expectGradients({ ...loss, graph: runPasses(loss.graph, forwardPasses, context) }, [...operands.keys()]);
  });
});

/** The largest number of nodes in the forward loop and in the backward loop. */
const bounds: Readonly<Record<string, readonly [number, number]>> = {
  rnn: [2, 3],
  lstm: [11, 7],
  "lstm with all": [20, 18],
  gru: [10, 6],
  "gru, reset before": [9, 9],
  layer_norm_rnn: [11, 19],
  layer_norm_lstm: [31, 41],
  layer_norm_gru: [21, 24],
  indrnn: [3, 3],
  minimal_gated: [8, 10],
  // Their gates do not depend on the state: a product and a sum remain.
  mingru: [2, 2],
  minlstm: [2, 2],
};

test.each(Object.entries(bounds))("the loops of %s have few nodes", async (name, [forward, backward]) => {
  const reference = { ...plainUses, ...references }[name];
  if (reference === undefined) throw new Error(`there is no cell ${name}`);
  const { spec, signature } = await openLayer(reference, draw(randomStream(5, name), [batch, time, n]));
  const lowering = buildTrainingStep(spec, signature);
  if (!lowering.ok) throw new Error("the spec is wrong");
  const [first = 0, second = 0, ...rest] = loopSizes(lowering.trainingStep.step.graph);
  expect(rest).toEqual([]);
  expect(first).toBeLessThanOrEqual(forward);
  expect(second).toBeLessThanOrEqual(backward);
});

const plainUses: Readonly<Record<string, Use>> = {
  rnn: { use: { cell: "rnn" }, states: () => ({ h: m }) },
  lstm: { use: { cell: "lstm" }, states: () => ({ h: m }) },
  gru: { use: { cell: "gru" }, states: () => ({ h: m }) },
  "gru, reset before": { use: { cell: "gru", reset_after: false }, states: () => ({ h: m }) },
};

/** Nodes in each loop's body without constants: forward, then backward. */
function loopSizes(graph: Graph): readonly number[] {
  return graph.nodes.flatMap((node) =>
    node.op === "Scan" ? [node.attributes.body.nodes.filter(({ op }) => op !== "Constant").length] : [],
  );
}

function draw(random: RandomStream, shape: readonly number[]): Tensor {
  return tabulate("float32", shape, () => 0.8 * random.normal());
}

type Use = Pick<CellReference, "use" | "states">;

function openLayer({ use, states }: Use, x: Tensor) {
  const width = Object.values(states(m))[0] ?? m;
  const targets = Array.from({ length: batch }, () => Array.from({ length: time }, () => Array(width).fill(0)));
  return open({
    data: { type: "arrays", inputs: nested({ shape: x.shape, data: [...x.data] }), targets },
    model: [{ layer: "rnn", ...use, hidden_size: m }],
    loss: { type: "squared_error" },
    optimizer: { type: "sgd", learning_rate: 1 },
    train: { batch_size: "all" },
  });
}

async function elaborated(reference: CellReference, x: Tensor) {
  const opened = await openLayer(reference, x);
  const program = restrictToOutputs(programOf(opened), ({ role }) => role === "prediction" || role === "state");
  return { program, signature: opened.signature };
}
