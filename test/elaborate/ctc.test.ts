/** The ctc loss against a sum over every alignment, its gradient against differences, and exact_sequence of what it spells. */
import { describe, expect, test } from "vitest";
import { differentiate } from "../../compiler/autodiff/reverse.js";
import { partOf } from "../../compiler/elaborate/program.js";
import { evaluate } from "../../compiler/graph/evaluate.js";
import { verify } from "../../compiler/graph/verify.js";
import { tabulate, tensor } from "../../compiler/ir/tensor.js";
import type { Graph, Tensor } from "../../compiler/ir/types.js";
import { forwardPasses, runPasses, stepPasses } from "../../compiler/passes/index.js";
import { stream } from "../../runtime/random.js";
import { modelOf, run } from "../emit/session.js";
import { expectClose } from "./numbers.js";
import { open, operandsOf, outputsOf, programOf } from "./programs.js";

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

async function prepare(loss: object, given: readonly Sequence[], blank: number) {
  const random = stream(1, "ctc");
  const shape = [given.length, TIME, CLASSES];
  const logits = tabulate("float32", shape, () => Math.fround(random.normal() * 2));
  const padded = given.map(({ labels }) => [labels[0] ?? blank, labels[1] ?? blank]);
  const opened = await open({
    data: {
      type: "arrays",
      inputs: given.map((_, row) =>
        Array.from({ length: TIME }, (__, step) => [...logits.data.subarray((row * TIME + step) * 3).slice(0, 3)]),
      ),
      targets: padded,
      lengths: given.map(({ length }) => length),
    },
    model: [{ layer: "dense", size: CLASSES, bias: false }],
    loss: { type: "ctc", ...loss },
    optimizer: { type: "sgd", learning_rate: 1 },
    train: { batch_size: "all" },
  });
  const fixed = new Map<string, Tensor>([
    ["dense/W", tabulate("float32", [CLASSES, CLASSES], ([row, column]) => Number(row === column))],
    ["targets", tensor("int32", [given.length, 2], padded.flat())],
    [
      "lengths",
      tensor(
        "int64",
        [given.length],
        given.map(({ length }) => length),
      ),
    ],
  ]);
  return { opened, program: programOf(opened), fixed, logits };
}

/** -log of the sum over all class paths that collapse to the labels: repetitions out, then blanks. */
function byEnumeration(logits: Tensor, row: number, { labels, length }: Sequence, blank: number): number {
  const probabilities = Array.from({ length }, (_, step) => {
    const scores = logits.data.subarray((row * TIME + step) * CLASSES).slice(0, CLASSES);
    const exponentials = [...scores].map(Math.exp);
    const sum = exponentials.reduce((x, y) => x + y);
    return exponentials.map((one) => one / sum);
  });
  let total = 0;
  for (let code = 0; code < CLASSES ** length; code++) {
    const path = Array.from({ length }, (_, step) => Math.floor(code / CLASSES ** step) % CLASSES);
    const spelled = path.filter((one, step) => one !== path[step - 1]).filter((one) => one !== blank);
    if (spelled.join() !== labels.join()) continue;
    total += path.reduce((product, one, step) => product * (probabilities[step]?.[one] ?? Number.NaN), 1);
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
])("ctc with blank $written", ({ blank, written, given }) => {
  const each = (logits: Tensor) => given.map((sequence, row) => byEnumeration(logits, row, sequence, blank));
  const sum = (numbers: readonly number[]) => numbers.reduce((x, y) => x + y, 0);

  test("is the sum over every alignment, and its mean over sequences", async () => {
    for (const reduction of ["sum", "mean"]) {
      const { program, fixed, logits } = await prepare({ blank: written, reduction }, given, blank);
      const outputs = outputsOf(program, new Map([...fixed, ["inputs", logits]]), ["loss", "metric"]);
      const expected = sum(each(logits)) / (reduction === "mean" ? given.length : 1);
      expectClose(outputs.get("loss"), { shape: [], data: [expected] }, 1e-12, reduction);
      const [total = Number.NaN, count = Number.NaN] = outputs.get("metrics/loss")?.data ?? [];
      expect(total / count).toBeCloseTo(expected, 12);
    }
  });

  test("has the gradient that differences show, before and after the passes", async () => {
    const { opened, program, fixed, logits } = await prepare({ blank: written }, given, blank);
    const part = partOf(program, ({ role }) => role === "loss");
    const wrt = part.inputs.findIndex(({ name }) => name === "inputs");
    const operands = operandsOf(part.inputs, new Map([...fixed, ["inputs", logits]]));
    const step = 1e-5;
    const mean = (changed: Tensor) => sum(each(changed)) / given.length;
    const differences = [...logits.data].map((_, place) => {
      const moved = (by: number) => ({ ...logits, data: logits.data.map((x, at) => (at === place ? x + by : x)) });
      return (mean(moved(step)) - mean(moved(-step))) / (2 * step);
    });
    const wanted = { shape: logits.shape, data: differences };
    const context = { expected: new Map(Object.entries(opened.signature.expected)) };
    const prepared = runPasses(part.graph, forwardPasses, context);
    const optimized: Graph = runPasses(differentiate(prepared, 0, [wrt]), stepPasses, context);
    expectClose(evaluate(verify(differentiate(part.graph, 0, [wrt]), "a test"), operands)[1], wanted, 1e-8, "gradient");
    expectClose(evaluate(optimized, operands)[1], wanted, 1e-8, "gradient after the passes");
    const [loss, gradient] = await run(await modelOf(optimized, 18), operands);
    expectClose(loss, { shape: [], data: [mean(logits)] }, 1e-6, "loss in onnxruntime");
    expectClose(gradient, wanted, 1e-5, "gradient in onnxruntime");
  });
});

describe("labels that do not fit into their steps", () => {
  test.each([true, false])("zero_infinity %s", async (zero_infinity) => {
    const { program, fixed, logits } = await prepare({ reduction: "sum", zero_infinity }, sequences.slice(2), 0);
    const part = partOf(program, ({ role }) => role === "loss");
    const wrt = part.inputs.findIndex(({ name }) => name === "inputs");
    const graph = differentiate(part.graph, 0, [wrt]);
    const operands = operandsOf(part.inputs, new Map([...fixed, ["inputs", logits]]));
    // [1, 1] takes three steps at least, [1, 2] takes two.
    const impossible = { labels: [1, 1], length: 2 };
    const changed = operands.map((operand, index) => {
      if (part.inputs[index]?.name === "targets") return { ...operand, data: operand.data.with(-1, 1).with(-2, 1) };
      return operand;
    });
    expect(byEnumeration(logits, 3, impossible, 0)).toBe(Number.POSITIVE_INFINITY);
    for (const found of [evaluate(graph, changed), await run(await modelOf(graph, 18), changed)]) {
      const [loss, gradient] = found;
      const others = [0, 1, 2].map((row) => byEnumeration(logits, row, sequences[row + 2] as Sequence, 0));
      if (zero_infinity) expect(loss?.data[0]).toBeCloseTo(others.reduce((x, y) => x + y));
      else expect(loss?.data[0]).toBe(Number.POSITIVE_INFINITY);
      expect([...(gradient?.data ?? [])].every(Number.isFinite)).toBe(true);
      expect([...(gradient?.data.subarray(3 * TIME * CLASSES) ?? [])].every((entry) => entry === 0)).toBe(true);
    }
  });
});

test("exact_sequence: what the likeliest outputs spell, repetitions and blanks taken out", async () => {
  const { program, fixed } = await prepare({}, feasible, 0);
  // [1, 2]: right. [2, 2]: the blank between is missing. [1, 1]: right, what follows its length is nothing. [2]: one too many. []: right.
  const spelled = [
    [1, 1, 0, 2],
    [2, 2, 2, 0],
    [1, 0, 1, 2],
    [2, 1, 0, 0],
    [0, 0, 0, 1],
  ];
  const inputs = tabulate("float32", [5, TIME, CLASSES], ([row = 0, step = 0, one = 0]) =>
    Number(spelled[row]?.[step] === one),
  );
  const outputs = outputsOf(program, new Map([...fixed, ["inputs", inputs]]), ["metric"]);
  expect([...(outputs.get("metrics/exact_sequence")?.data ?? [])]).toEqual([3, 5]);
});

test("label_error_rate: edits between what is spelled and the labels, against a table of distances", async () => {
  const random = stream(3, "edits");
  const given = Array.from({ length: 40 }, (): Sequence => {
    const labels = Array.from({ length: random.below(3) }, () => 1 + random.below(2));
    return { labels, length: 1 + random.below(TIME) };
  });
  const { program, fixed } = await prepare({}, given, 0);
  const paths = given.map(() => Array.from({ length: TIME }, () => random.below(CLASSES)));
  const inputs = tabulate("float32", [given.length, TIME, CLASSES], ([row = 0, step = 0, one = 0]) =>
    Number(paths[row]?.[step] === one),
  );
  const outputs = outputsOf(program, new Map([...fixed, ["inputs", inputs]]), ["metric"]);
  const expected = given.map(({ labels, length }, row) => {
    const path = (paths[row] ?? []).slice(0, length);
    return distance(
      path.filter((id, step) => id !== 0 && id !== path[step - 1]),
      labels,
    );
  });
  const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);
  const count = sum(given.map(({ labels }) => labels.length));
  expect([...(outputs.get("metrics/label_error_rate")?.data ?? [])]).toEqual([sum(expected), count]);
  const exact = expected.filter((edits) => edits === 0).length;
  expect(exact).toBeGreaterThan(2);
  expect([...(outputs.get("metrics/exact_sequence")?.data ?? [])]).toEqual([exact, given.length]);
});

/** The Levenshtein distance of two sequences, by its table. */
function distance(a: readonly number[], b: readonly number[]): number {
  let row = b.map((_, index) => index + 1);
  a.forEach((one, place) => {
    let [corner, left] = [place, place + 1];
    row = row.map((above, index) => {
      left = Math.min(above + 1, left + 1, corner + Number(one !== b[index]));
      corner = above;
      return left;
    });
  });
  return row.at(-1) ?? a.length;
}
