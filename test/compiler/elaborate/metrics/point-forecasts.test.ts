/** mae and rmse of quantiles and distributions: the errors of the medians and the means, against loops over the outputs. */
import { expect, test } from "vitest";
import { restrictToOutputs } from "../../../../compiler/elaborate/program.js";
import { evaluate } from "../../../../compiler/graph/evaluate.js";
import { expectDefined } from "../../../../compiler/ir/expect.js";
import { tabulate } from "../../../../compiler/ir/tensor.js";
import { computeMetric } from "../../../../runtime/evaluation/metric-accumulators.js";
import { open, operandsOf, programOf, tensorOfArray } from "../../../support/programs.js";

/** mae and rmse of a model whose outputs are its inputs, over all rows as one batch. */
async function errorsOf(data: object, loss: object, size: number) {
  const opened = await open({
    data: { type: "arrays", ...data },
    model: [{ layer: "dense", name: "answer", size, bias: false }],
    loss,
    metrics: ["mae", "rmse"],
    optimizer: { type: "adam" },
    train: { batch_size: "all" },
  });
  const program = restrictToOutputs(programOf(opened, "evaluation"), ({ role }) => role === "metric");
  const identity = tabulate("float32", [size, size], ([row, column]) => Number(row === column));
  const arrays = [...opened.batch].map(([name, array]) => [name, tensorOfArray(array)] as const);
  const results = evaluate(program.graph, operandsOf(program.inputs, new Map([...arrays, ["answer/W", identity]])));
  const of = (name: string) => {
    const place = program.outputs.findIndex((output) => output.name === `metrics/${name}`);
    const { data: sums } = expectDefined(results[place], name);
    return computeMetric(expectDefined(program.metrics[name], name), Float64Array.from(sums));
  };
  return [of("mae"), of("rmse")] as const;
}

type Row = readonly number[];

function expectErrors([mae, rmse]: readonly [number, number], points: readonly Row[], targets: readonly Row[]) {
  const errors = points.flatMap((row, index) => row.map((point, at) => point - (targets[index]?.[at] ?? Number.NaN)));
  const mean = (of: (error: number) => number) => errors.reduce((sum, error) => sum + of(error), 0) / errors.length;
  expect(mae).toBeCloseTo(mean(Math.abs), 5);
  expect(rmse).toBeCloseTo(Math.sqrt(mean((error) => error * error)), 5);
}

/** Outputs of two targets for up to six numbers each, all different, from -1.1 to 1.2. */
const outputs = (size: number): readonly Row[] =>
  [0, 1, 2].map((row) => Array.from({ length: size }, (_, index) => ((7 * index + 5 * row) % 24) / 10 - 1.1));
const targets = [
  [0, 3],
  [2, 1],
  [5, 0],
];
const pick = (row: Row, index: number): number => expectDefined(row[index], `the number ${index}`);

function mixtureMean(row: Row, target: number): number {
  const weights = [0, 1].map((component) => Math.exp(pick(row, 2 * target + component)));
  const sum = weights.reduce((total, weight) => total + weight);
  return weights.reduce(
    (total, weight, component) => total + (weight / sum) * pick(row, 4 + 2 * target + component),
    0,
  );
}

test.each([
  [
    "quantile",
    { levels: [0.9, 0.5, 0.1] },
    6,
    (row: Row, target: number) => [...row.slice(3 * target, 3 * target + 3)].sort((a, b) => a - b)[1],
  ],
  [
    "quantile",
    { levels: [0.5, 0.9] },
    4,
    (row: Row, target: number) => Math.min(...row.slice(2 * target, 2 * target + 2)),
  ],
  ["quantile", { levels: [0.5] }, 2, pick],
  ["gaussian_nll", {}, 4, pick],
  ["student_t_nll", {}, 6, pick],
  ["poisson_nll", {}, 2, (row: Row, target: number) => Math.exp(pick(row, target))],
  ["negative_binomial_nll", {}, 4, (row: Row, target: number) => Math.exp(pick(row, target))],
  ["mixture_density", { components: 2 }, 12, mixtureMean],
])("mae and rmse of %s %j are those of the point forecast", async (type, options, size, pointOf) => {
  const inputs = outputs(size);
  const points = inputs.map((row) => [0, 1].map((target) => pointOf(row, target) ?? Number.NaN));
  expectErrors(await errorsOf({ inputs, targets }, { type, ...options }, size), points, targets);
});

test("steps past the lengths of sequences are left out, and targets may lack an axis of their own", async () => {
  const inputs = [outputs(3), outputs(3)];
  const flat = [
    [0, 3, 1],
    [2, 1, 4],
  ];
  const loss = { type: "quantile", levels: [0.1, 0.5, 0.9] };
  const points = inputs.flatMap((rows) => rows.map((row) => [[...row].sort((a, b) => a - b)[1] ?? Number.NaN]));
  const valid = [0, 1, 2, 3];
  const kept = <T>(rows: readonly T[]) => valid.map((index) => expectDefined(rows[index], `the row ${index}`));
  const errors = await errorsOf({ inputs, targets: flat, lengths: [3, 1] }, loss, 3);
  expectErrors(errors, kept(points), kept(flat.flat().map((target) => [target])));
});
