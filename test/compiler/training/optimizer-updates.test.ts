/** Optimizers and schedules against PyTorch: a hundred updates in float64, and in float32 in onnxruntime. */
import { describe, expect, test } from "vitest";
import { graphBuilder } from "../../../compiler/graph/builder.js";
import { evaluate } from "../../../compiler/graph/evaluate.js";
import { tensor } from "../../../compiler/ir/tensor.js";
import type { Graph, Tensor } from "../../../compiler/ir/types.js";
import { runPasses, stepPasses } from "../../../compiler/optimize/pipeline.js";
import { resolveOptimizer } from "../../../compiler/training/resolve-optimizer.js";
import { scheduleFactor } from "../../../compiler/training/schedules/index.js";
import type { StepGraph } from "../../../compiler/training/step-graph.js";
import { operandsOfSteps, stepOfOptimizer, stepsWithParameters } from "../../support/given-gradients.js";
import { base, normal } from "../../support/read-spec.js";
import { expectClose, readFixture } from "../../support/reference-numbers.js";
import { modelOf, run } from "../../support/run-graph.js";

const names = ["W", "V", "b", "C"] as const;
type PerParameter<T> = Readonly<Record<(typeof names)[number], T>>;

interface Case {
  readonly name: string;
  readonly optimizer: object;
  /** By the number of the update. */
  readonly parameters: Readonly<Record<string, PerParameter<readonly number[]>>>;
}

interface ScheduleCase {
  readonly name: string;
  readonly learning_rate: number;
  readonly schedule: object;
  readonly values: readonly number[];
}

const { shapes, start, cases, schedules } = readFixture<{
  readonly shapes: PerParameter<readonly number[]>;
  readonly start: PerParameter<readonly number[]>;
  readonly cases: readonly Case[];
  readonly schedules: readonly ScheduleCase[];
}>("optimizer-updates.json");
const STEPS = 100;
describe.each(cases)("$name makes the updates of its reference", ({ optimizer, parameters }) => {
  test("in float64", async () => {
    const step = await stepOf(optimizer);
    expectParameters(evaluate(allSteps(step, step.graph), operands(step)), parameters, 1e-9);
  });

  test("in onnxruntime, after the passes", async () => {
    const step = await stepOf(optimizer);
    const optimized = runPasses(step.graph, stepPasses, { expected: new Map() });
    const model = await modelOf(allSteps(step, optimized), 18);
    expectParameters(await run(model, operands(step)), parameters, 1e-6);
  });
});

test.each(schedules)("$name has the learning rates of PyTorch", async ({ learning_rate, schedule, values }) => {
  const { spec } = await normal({ ...base, optimizer: { type: "sgd", learning_rate, schedule } });
  const b = graphBuilder("schedule");
  const n = b.input("n", { dtype: "float32", shape: [values.length] });
  const graph = b.finish([b.mul(scheduleFactor(resolveOptimizer(spec).schedule, b, n), learning_rate)]);
  const steps = tensor("float32", [values.length], [...values.keys()]);
  const expected = { shape: [values.length], data: values };
  expectClose(evaluate(graph, [steps])[0], expected, 1e-12, "in float64");
  expectClose((await run(await modelOf(graph, 18), [steps]))[0], expected, 1e-7, "in onnxruntime");
});

test("layerwise optimizers leave no parameter to a flattened group", async () => {
  const groupsOf = async (optimizer: object) => (await stepOf(optimizer)).flatGroups;
  expect(await groupsOf({ type: "lamb" })).toEqual([]);
  expect(await groupsOf({ type: "adafactor" })).toEqual([]);
  // Adam's parameters of muon: b and C, their m and v, in the slots W/m, V/m, b/m, b/v, C/m, C/v.
  expect(await groupsOf({ type: "muon" })).toEqual([
    [2, 3],
    [6, 8],
    [7, 9],
  ]);
});

test("a group of parameters is flattened apart from the others", async () => {
  const optimizer = { type: "adamw", no_decay: ["b", "C"], rates: [{ parameters: ["W", "V"], factor: 2 }] };
  const { flatGroups } = await stepOf(optimizer);
  expect(flatGroups.map((group) => group.slice(0, 2)).filter(([first = 9]) => first < names.length)).toEqual([
    [0, 1],
    [2, 3],
  ]);
});

const stepOf = (optimizer: object) => stepOfOptimizer(shapes, optimizer);

function allSteps(step: StepGraph, graph: Graph): Graph {
  return stepsWithParameters(step, graph, names.length);
}

function operands(step: StepGraph): readonly Tensor[] {
  const gradients = names.map((name) => {
    const updates = Array.from({ length: STEPS }, (_, index) => gradientOf(name, index + 1));
    return tensor("float32", [STEPS, ...shapes[name]], updates.flat());
  });
  return operandsOfSteps(
    step,
    names.map((name) => tensor("float32", shapes[name], start[name])),
    gradients,
  );
}

/** The gradient of update t, exact in float32: multiples of 1/256; that of b is 0 in every eleventh update. */
function gradientOf(name: (typeof names)[number], t: number): readonly number[] {
  const k = names.indexOf(name);
  const scale = name === "b" && t % 11 === 0 ? 0 : 1 + (t % 5);
  const count = shapes[name].reduce((product, size) => product * size, 1);
  return Array.from({ length: count }, (_, i) => {
    return ((((37 * k + 101 * i + 211 * t + 53 * i * t) % 401) - 200) / 256) * scale;
  });
}

function expectParameters(outputs: readonly Tensor[], expected: Case["parameters"], tolerance: number): void {
  expect(Object.keys(expected)).toContain(String(STEPS));
  for (const [position, name] of names.entries()) {
    const all = outputs.at(position - names.length);
    const size = start[name].length;
    for (const [step, values] of Object.entries(expected)) {
      const end = Number(step) * size;
      const actual = tensor("float32", shapes[name], [...(all?.data ?? [])].slice(end - size, end));
      expectClose(actual, { shape: shapes[name], data: values[name] }, tolerance, `${name} after update ${step}`);
    }
  }
}
