/** The loops of real cells after the passes: their operations, of which none could be outside. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { countReaders } from "../../../compiler/graph/def-use.js";
import { evaluate } from "../../../compiler/graph/evaluate.js";
import { scanOperands } from "../../../compiler/graph/rewrite.js";
import { evaluateDim } from "../../../compiler/ir/dims.js";
import { at } from "../../../compiler/ir/expect.js";
import { tabulate } from "../../../compiler/ir/tensor.js";
import type { Graph, Node, NodeOf } from "../../../compiler/ir/types.js";
import { stateIndependent } from "../../../compiler/optimize/loops/rewrite-loop.js";
import { ablatablePasses } from "../../../compiler/optimize/pipeline.js";
import { buildTrainingStep } from "../../../compiler/pipeline/training-step.js";
import type { Signature } from "../../../compiler/signature.js";
import { randomStream } from "../../../runtime/tensors/random.js";
import { readSpec } from "../../../schema/read.js";

const root = new URL("../../../", import.meta.url);
const json = (path: string) => JSON.parse(readFileSync(new URL(path, root), "utf8"));

/** Custom cells: those of the fixtures, and a copy of the built-in lstm. */
const { $schema: _, ...lstm } = json("specs/cells/lstm.json");
const customCells: Readonly<Record<string, object>> = Object.assign(
  { lstm_again: lstm },
  ...json("test/fixtures/cells.json").cases.map(({ cells = {} }) => cells),
);

interface Case {
  readonly cell: string;
  readonly options?: Readonly<Record<string, unknown>>;
  readonly lengths?: boolean;
}

const steps = new Map<string, Promise<Graph>>();

/** One training step of a small text model: one-hot characters, a cell, logits. */
function stepOf(testCase: Case): Promise<Graph> {
  const key = JSON.stringify(testCase);
  const step = steps.get(key) ?? lowerCell(testCase);
  steps.set(key, step);
  return step;
}

async function lowerCell(
  { cell, options = {}, lengths = false }: Case,
  disabledPasses: readonly string[] = [],
): Promise<Graph> {
  const ids = { dtype: "int32", shape: ["batch", "time"] } as const;
  const signature: Signature = {
    inputs: ids,
    targets: ids,
    ...(lengths && { lengths: { dtype: "int64", shape: ["batch"] } }),
    sizes: {},
    expected: { batch: 50, time: 50 },
  };
  const spec = {
    data: { type: "arrays", inputs: "x.npy", targets: "y.npy", ...(lengths && { lengths: "lengths.npy" }) },
    ...(customCells[cell] && { cells: { [cell]: customCells[cell] } }),
    model: [
      { layer: "one_hot", size: 7 },
      { layer: "rnn", cell, hidden_size: 4, ...options },
      { layer: "projection", size: 7 },
    ],
    loss: { type: "sequence_loss" },
    optimizer: { type: "sgd", learning_rate: 0.1 },
  };
  const read = await readSpec(JSON.stringify(spec));
  if (!read.ok) throw new Error(JSON.stringify(read.diagnostics));
  const lowering = buildTrainingStep(read.spec, signature, { disabledPasses });
  if (!lowering.ok) throw new Error(JSON.stringify(lowering.problems));
  return lowering.trainingStep.step.graph;
}

const loopsOf = (graph: Graph) => graph.nodes.filter((node): node is NodeOf<"Scan"> => node.op === "Scan");
const stepsOf = (loop: NodeOf<"Scan">) => loop.attributes.body.nodes.filter(({ op }) => op !== "Constant");
const isProduct = ({ op }: Node) => op === "MatMul" || op === "Gemm";
const operations = (nodes: readonly Node[]) => `${nodes.length}: ${nodes.map(({ op }) => op).join(" ")}`;

/** The operations of each loop's step, forward and backward. */
async function loopText(testCase: Case): Promise<string> {
  const loops = loopsOf(await stepOf(testCase));
  const name = ({ attributes }: NodeOf<"Scan">) => (attributes.reverse ? "backward" : "forward");
  return `\n${loops.map((loop) => `${name(loop)} ${operations(stepsOf(loop))}`).join("\n")}\n`;
}

describe("the operations of one step", () => {
  test("lstm", async () => {
    expect(await loopText({ cell: "lstm" })).toMatchInlineSnapshot(`
      "
      forward 11: Gemm Split Sigmoid Mul Sigmoid Tanh Mul Add Sigmoid Tanh Mul
      backward 7: Add Mul Add Mul Concat Mul MatMul
      "
    `);
  });

  test("gru", async () => {
    expect(await loopText({ cell: "gru" })).toMatchInlineSnapshot(`
      "
      forward 10: Gemm Split Sigmoid Sigmoid Mul Add Tanh Sub Mul Add
      backward 6: Add Mul Mul Concat Mul Gemm
      "
    `);
    expect(await loopText({ cell: "gru", options: { reset_after: false } })).toMatchInlineSnapshot(`
      "
      forward 9: Gemm Sigmoid Split Mul Gemm Tanh Sub Mul Add
      backward 9: Add Mul Mul MatMul Mul Add Concat Mul Gemm
      "
    `);
  });

  test("rnn", async () => {
    expect(await loopText({ cell: "rnn" })).toMatchInlineSnapshot(`
      "
      forward 2: Gemm Tanh
      backward 3: Add Mul MatMul
      "
    `);
    expect(await loopText({ cell: "rnn", options: { activation: "relu" } })).toMatchInlineSnapshot(`
      "
      forward 2: Gemm Relu
      backward 3: Add Mul MatMul
      "
    `);
  });

  test("minimal_gated", async () => {
    expect(await loopText({ cell: "minimal_gated" })).toMatchInlineSnapshot(`
      "
      forward 8: Gemm Sigmoid Mul Gemm Tanh Sub Mul Add
      backward 10: Add Mul MatMul Mul Mul Mul Add Mul Add Gemm
      "
    `);
  });

  test("fast_slow", async () => {
    expect(await loopText({ cell: "fast_slow" })).toMatchInlineSnapshot(`
      "
      forward 16: Gemm Gemm Split Greater Mul Where Sigmoid Min Sub Mul Add MatMul Tanh Sub Mul Add
      backward 10: Add Add Mul Gemm Mul Concat Mul Mul Gemm Gemm
      "
    `);
  });

  test("with lengths: one Where per state forward, and two masks per state backward", async () => {
    expect(await loopText({ cell: "lstm", lengths: true })).toMatchInlineSnapshot(`
      "
      forward 13: Gemm Split Sigmoid Mul Sigmoid Tanh Mul Add Sigmoid Tanh Mul Where Where
      backward 12: Mul Mul Mul Mul Add Mul Add Mul Add Concat Mul Gemm
      "
    `);
    expect(await loopText({ cell: "gru", lengths: true })).toMatchInlineSnapshot(`
      "
      forward 11: Gemm Split Sigmoid Sigmoid Mul Add Tanh Sub Mul Add Where
      backward 9: Mul Mul Add Mul Add Mul Concat Mul Gemm
      "
    `);
    expect(await loopText({ cell: "minimal_gated", lengths: true })).toMatchInlineSnapshot(`
      "
      forward 9: Gemm Sigmoid Mul Gemm Tanh Sub Mul Add Where
      backward 13: Mul Mul Add Mul MatMul Mul Mul Mul Add Mul Add Add Gemm
      "
    `);
    expect(await loopText({ cell: "fast_slow", lengths: true })).toMatchInlineSnapshot(`
      "
      forward 18: Gemm Gemm Split Greater Mul Where Sigmoid Min Sub Mul Add MatMul Tanh Sub Mul Add Where Where
      backward 16: Mul Mul Add Mul Mul Add Mul Gemm Mul Add Concat Mul Mul Add Gemm Gemm
      "
    `);
  });

  test("a custom cell has the operations of an equal built-in cell", async () => {
    for (const lengths of [false, true])
      expect(await loopText({ cell: "lstm_again", lengths })).toBe(await loopText({ cell: "lstm", lengths }));
  });
});

const cases: readonly Case[] = [
  ...["lstm", "gru", "rnn", "minimal_gated", "fast_slow", "lstm_again"].flatMap((cell) => [
    { cell },
    { cell, lengths: true },
  ]),
  { cell: "gru", options: { reset_after: false } },
  { cell: "lstm", options: { bidirectional: "concat", residual: false }, lengths: true },
];

describe.each(cases)("$cell, lengths: $lengths, $options", (testCase) => {
  test("no loop has a state-independent node, or a node that only its outputs depend on", async () => {
    for (const loop of loopsOf(await stepOf(testCase))) {
      const { body, stateCount: states } = loop.attributes;
      const free = stateIndependent(loop);
      const needed = countReaders({ ...body, outputs: body.outputs.slice(0, states) });
      const steps = stepsOf(loop);
      expect(operations(steps.filter(({ outputs }) => outputs.every((output) => free.has(output))))).toBe("0: ");
      expect(operations(steps.filter(({ outputs }) => !outputs.some((output) => needed.has(output))))).toBe("0: ");
    }
  });

  test("no loop accumulates the gradient of a parameter: every state has the rows of a batch", async () => {
    for (const loop of loopsOf(await stepOf(testCase))) {
      const rows = scanOperands(loop).inner.states.map(({ type }) => type.shape[0]);
      expect(rows).toEqual(rows.map(() => "batch"));
    }
  });

  test("the step has the values of the step without passes", async () => {
    const none = ablatablePasses.map(({ name }) => name);
    const [plain, optimized] = [await lowerCell(testCase, none), await stepOf(testCase)];
    const sizes = new Map([
      ["batch", 2],
      ["time", 3],
    ]);
    const random = randomStream(1, "step");
    const operands = plain.inputs.map(({ name, type: { dtype, shape } }) =>
      tabulate(
        dtype,
        shape.map((dim) => evaluateDim(dim, sizes) ?? Number.NaN),
        () => (dtype === "float32" ? random.normal() : name === "lengths" ? 1 + random.below(3) : random.below(7)),
      ),
    );
    const actual = evaluate(optimized, operands);
    evaluate(plain, operands).forEach(({ data }, index) => {
      data.forEach((entry, position) => {
        expect(at(actual, index).data[position]).toBeCloseTo(entry, 9);
      });
    });
  });
});

test.each(["lstm", "gru", "rnn", "minimal_gated", "fast_slow"])(
  "the gradient of each weight of %s is one product",
  async (cell) => {
    const { inputs, nodes } = await stepOf({ cell, lengths: true });
    const producerOps = new Map(nodes.flatMap(({ op, outputs }) => outputs.map(({ name }) => [name, op])));
    const weights = inputs.filter(({ name, type }) => name?.includes("/") && type.shape.length === 2);
    expect(weights.length).toBeGreaterThan(2);
    for (const { name } of weights) expect([name, producerOps.get(`gradient/${name}`)]).toEqual([name, "Gemm"]);
  },
);

describe("lstm", () => {
  test("multiplies only the state in its forward loop, and only the gradient of the gates in the backward loop", async () => {
    const [forward, backward] = loopsOf(await stepOf({ cell: "lstm" }));
    if (forward === undefined || backward === undefined) throw new Error("a loop is missing");
    const operandNames = (loop: NodeOf<"Scan">) => {
      const { inner, outer } = scanOperands(loop);
      const outside = new Map(inner.captures.map((capture, index) => [capture, at(outer.captures, index).name]));
      return stepsOf(loop)
        .filter(isProduct)
        .map(({ inputs }) => inputs.map((input) => (inner.states.includes(input) ? "state" : outside.get(input))));
    };
    expect(operandNames(forward)).toEqual([["state", "rnn/0/U", undefined]]);
    expect(operandNames(backward)).toHaveLength(1);
  });
});
