/**
 * ctc against a sum over all alignments, its gradient against finite differences, and the metrics of its greedy
 * decoding.
 */

import { describe, expect, test } from "vitest";
import { differentiate } from "../../../../compiler/autodiff/reverse.js";
import { restrictToOutputs } from "../../../../compiler/elaborate/program.js";
import { evaluate } from "../../../../compiler/graph/evaluate.js";
import { verify } from "../../../../compiler/graph/verify.js";
import { tabulate, tensor } from "../../../../compiler/ir/tensor.js";
import type { Graph, Tensor } from "../../../../compiler/ir/types.js";
import { forwardPasses, runPasses, stepPasses } from "../../../../compiler/optimize/pipeline.js";
import { computeMetric } from "../../../../runtime/evaluation/metric-accumulators.js";
import { randomStream } from "../../../../runtime/tensors/random.js";
import { open, operandsOf, outputsOf, programOf } from "../../../support/programs.js";
import { expectClose } from "../../../support/reference-numbers.js";
import { modelOf, run } from "../../../support/run-graph.js";

const [TIME, CLASSES] = [4, 3];

/** Labels of each sequence without their padding, and its length. */
interface Sequence {
  readonly labels: readonly number[];
  readonly length: number;
}

const sequences: readonly Sequence[] = [
  { labels: [1, 2], length: 4 },
  { labels: [2, 2], length: 4 },
  { labels: [1, 1], length: 3 },
  { labels: [2], length: 2 },
  { labels: [], length: 3 },
  { labels: [1, 2], length: 2 },
];

async function prepare(loss: object, labelSequences: readonly Sequence[], blank: number) {
  const random = randomStream(1, "ctc");
  const shape = [labelSequences.length, TIME, CLASSES];
  const logits = tabulate("float32", shape, () => Math.fround(random.normal() * 2));
  const padded = labelSequences.map(({ labels }) => [labels[0] ?? blank, labels[1] ?? blank]);
  const opened = await open({
    data: {
      type: "arrays",
      inputs: labelSequences.map((_, row) =>
        Array.from({ length: TIME }, (__, step) => [...logits.data.subarray((row * TIME + step) * 3).slice(0, 3)]),
      ),
      targets: padded,
      lengths: labelSequences.map(({ length }) => length),
    },
    model: [{ layer: "dense", size: CLASSES, bias: false }],
    loss: { type: "ctc", ...loss },
    optimizer: { type: "sgd", learning_rate: 1 },
    train: { batch_size: "all" },
  });
  const operands = new Map<string, Tensor>([
    ["dense/W", tabulate("float32", [CLASSES, CLASSES], ([row, column]) => Number(row === column))],
    ["targets", tensor("int32", [labelSequences.length, 2], padded.flat())],
    [
      "lengths",
      tensor(
        "int64",
        [labelSequences.length],
        labelSequences.map(({ length }) => length),
      ),
    ],
  ]);
  return { opened, program: programOf(opened), fixed: operands, logits };
}

/** -log of the sum over all class paths that collapse to the labels: repetitions out, then blanks. */
function byEnumeration(logits: Tensor, row: number, { labels, length }: Sequence, blank: number): number {
  const probabilities = Array.from({ length }, (_, step) => {
    const scores = logits.data.subarray((row * TIME + step) * CLASSES).slice(0, CLASSES);
    const exponentials = [...scores].map(Math.exp);
    const sum = exponentials.reduce((x, y) => x + y);
    return exponentials.map((value) => value / sum);
  });
  let total = 0;
  for (let code = 0; code < CLASSES ** length; code++) {
    const path = Array.from({ length }, (_, step) => Math.floor(code / CLASSES ** step) % CLASSES);
    const collapsed = path.filter((value, step) => value !== path[step - 1]).filter((value) => value !== blank);
    if (collapsed.join() !== labels.join()) continue;
    total += path.reduce((product, value, step) => product * (probabilities[step]?.[value] ?? Number.NaN), 1);
  }
  return -Math.log(total);
}

const feasible = sequences.slice(0, 5);

describe.each([
  { blank: 0, written: 0, given: feasible },
  {
    blank: 2,
    written: "last",
    given: feasible.map(({ labels, length }) => ({ labels: labels.map((label) => label - 1), length })),
  },
])("ctc with blank $written", ({ blank, written, given: samples }) => {
  const expectedLosses = (logits: Tensor) =>
    samples.map((sequence, row) => byEnumeration(logits, row, sequence, blank));
  const sum = (numbers: readonly number[]) => numbers.reduce((x, y) => x + y, 0);

  test("is the sum over all alignments, and the mean over sequences", async () => {
    for (const reduction of ["sum", "mean"]) {
      const { program, fixed: fixedOperands, logits } = await prepare({ blank: written, reduction }, samples, blank);
      const outputs = outputsOf(program, new Map([...fixedOperands, ["inputs", logits]]), ["loss", "metric"]);
      const expected = sum(expectedLosses(logits)) / (reduction === "mean" ? samples.length : 1);
      expectClose(outputs.get("loss"), { shape: [], data: [expected] }, 1e-12, reduction);
      const accumulators = Float64Array.from(outputs.get("metrics/loss")?.data ?? []);
      expect(computeMetric(program.metrics.loss ?? "mean", accumulators)).toBeCloseTo(expected, 12);
    }
  });

  test("has the gradient of finite differences, before and after the passes", async () => {
    const { opened, program, fixed: fixedOperands, logits } = await prepare({ blank: written }, samples, blank);
    const lossProgram = restrictToOutputs(program, ({ role }) => role === "loss");
    const wrt = lossProgram.inputs.findIndex(({ name }) => name === "inputs");
    const operands = operandsOf(lossProgram.inputs, new Map([...fixedOperands, ["inputs", logits]]));
    const step = 1e-5;
    const mean = (changed: Tensor) => sum(expectedLosses(changed)) / samples.length;
    const differences = [...logits.data].map((_, position) => {
      const shifted = (by: number) => ({
        ...logits,
        data: logits.data.map((x, index) => (index === position ? x + by : x)),
      });
      return (mean(shifted(step)) - mean(shifted(-step))) / (2 * step);
    });
    const expectedGradient = { shape: logits.shape, data: differences };
    const context = { expected: new Map(Object.entries(opened.signature.expected)) };
    const prepared = runPasses(lossProgram.graph, forwardPasses, context);
    const optimized: Graph = runPasses(differentiate(prepared, 0, [wrt]), stepPasses, context);
    expectClose(
      evaluate(verify(differentiate(lossProgram.graph, 0, [wrt]), "a test"), operands)[1],
      expectedGradient,
      1e-8,
      "gradient",
    );
    expectClose(evaluate(optimized, operands)[1], expectedGradient, 1e-8, "gradient after the passes");
    const [loss, gradient] = await run(await modelOf(optimized, 18), operands);
    expectClose(loss, { shape: [], data: [mean(logits)] }, 1e-6, "loss in onnxruntime");
    expectClose(gradient, expectedGradient, 1e-5, "gradient in onnxruntime");
  });
});

describe("more labels than steps", () => {
  test.each([true, false])("zero_infinity %s", async (zero_infinity) => {
    const {
      program,
      fixed: fixedOperands,
      logits,
    } = await prepare({ reduction: "sum", zero_infinity }, sequences.slice(2), 0);
    const lossProgram = restrictToOutputs(program, ({ role }) => role === "loss");
    const wrt = lossProgram.inputs.findIndex(({ name }) => name === "inputs");
    const graph = differentiate(lossProgram.graph, 0, [wrt]);
    const operands = operandsOf(lossProgram.inputs, new Map([...fixedOperands, ["inputs", logits]]));
    // [1, 1] needs at least three steps, [1, 2] two.
    const impossible = { labels: [1, 1], length: 2 };
    const changed = operands.map((operand, index) => {
      if (lossProgram.inputs[index]?.name === "targets")
        return { ...operand, data: operand.data.with(-1, 1).with(-2, 1) };
      return operand;
    });
    expect(byEnumeration(logits, 3, impossible, 0)).toBe(Number.POSITIVE_INFINITY);
    for (const result of [evaluate(graph, changed), await run(await modelOf(graph, 18), changed)]) {
      const [loss, gradient] = result;
      const enumerated = [0, 1, 2].map((row) => byEnumeration(logits, row, sequences[row + 2] as Sequence, 0));
      if (zero_infinity) expect(loss?.data[0]).toBeCloseTo(enumerated.reduce((x, y) => x + y));
      else expect(loss?.data[0]).toBe(Number.POSITIVE_INFINITY);
      expect([...(gradient?.data ?? [])].every(Number.isFinite)).toBe(true);
      expect([...(gradient?.data.subarray(3 * TIME * CLASSES) ?? [])].every((entry) => entry === 0)).toBe(true);
    }
  });
});

test("exact_sequence: the greedy decoding equals the labels", async () => {
  const { program, fixed: fixedOperands } = await prepare({}, feasible, 0);
  // [1, 2]: correct. [2, 2]: no blank in between. [1, 1]: correct, the rest is padding. [2]: one too many. []: correct.
  const labelings = [
    [1, 1, 0, 2],
    [2, 2, 2, 0],
    [1, 0, 1, 2],
    [2, 1, 0, 0],
    [0, 0, 0, 1],
  ];
  const inputs = tabulate("float32", [5, TIME, CLASSES], ([row = 0, step = 0, value = 0]) =>
    Number(labelings[row]?.[step] === value),
  );
  const outputs = outputsOf(program, new Map([...fixedOperands, ["inputs", inputs]]), ["metric"]);
  expect([...(outputs.get("metrics/exact_sequence")?.data ?? [])]).toEqual([3, 5]);
});

test("label_error_rate: the edit distance of the greedy decoding from the labels", async () => {
  const random = randomStream(3, "edits");
  const samples = Array.from({ length: 40 }, (): Sequence => {
    const labels = Array.from({ length: random.below(3) }, () => 1 + random.below(2));
    return { labels, length: 1 + random.below(TIME) };
  });
  const { program, fixed: fixedOperands } = await prepare({}, samples, 0);
  const paths = samples.map(() => Array.from({ length: TIME }, () => random.below(CLASSES)));
  const inputs = tabulate("float32", [samples.length, TIME, CLASSES], ([row = 0, step = 0, value = 0]) =>
    Number(paths[row]?.[step] === value),
  );
  const outputs = outputsOf(program, new Map([...fixedOperands, ["inputs", inputs]]), ["metric"]);
  const expected = samples.map(({ labels, length }, row) => {
    const path = (paths[row] ?? []).slice(0, length);
    return distance(
      path.filter((id, step) => id !== 0 && id !== path[step - 1]),
      labels,
    );
  });
  const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);
  const count = sum(samples.map(({ labels }) => labels.length));
  expect([...(outputs.get("metrics/label_error_rate")?.data ?? [])]).toEqual([sum(expected), count]);
  const exact = expected.filter((edits) => edits === 0).length;
  expect(exact).toBeGreaterThan(2);
  expect([...(outputs.get("metrics/exact_sequence")?.data ?? [])]).toEqual([exact, samples.length]);
});

/** The Levenshtein distance of two sequences, by dynamic programming. */
function distance(a: readonly number[], b: readonly number[]): number {
  let row = b.map((_, index) => index + 1);
  a.forEach((label, position) => {
    let [diagonal, left] = [position, position + 1];
    row = row.map((above, index) => {
      left = Math.min(above + 1, left + 1, diagonal + Number(label !== b[index]));
      diagonal = above;
      return left;
    });
  });
  return row.at(-1) ?? a.length;
}
