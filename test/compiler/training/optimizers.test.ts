/**
 * Optimizers against reference trajectories: eight updates in float64, and in float32 in onnxruntime after the passes.
 */
import { describe, expect, test } from "vitest";
import { evaluate } from "../../../compiler/graph/evaluate.js";
import { at } from "../../../compiler/ir/expect.js";
import type { Graph, Tensor } from "../../../compiler/ir/types.js";
import { runPasses, stepPasses } from "../../../compiler/optimize/pipeline.js";
import type { StepGraph } from "../../../compiler/training/step-graph.js";
import { carriedCount, operandsOfSteps, stepOfOptimizer, stepsWithParameters } from "../../support/given-gradients.js";
import { expectClose, type Numbers, readFixture, tensorOf } from "../../support/reference-numbers.js";
import { modelOf, run } from "../../support/run-graph.js";

type Parameters = Readonly<Record<"W" | "b", Numbers>>;

interface Case {
  readonly name: string;
  readonly optimizer: object;
  readonly trajectory: readonly Parameters[];
}

const reference = readFixture<{
  readonly parameters: Parameters;
  readonly gradients: readonly Parameters[];
  readonly cases: readonly Case[];
}>("optimizers.json");
const { cases, gradients, parameters } = reference;
const names = ["W", "b"] as const;
describe("every optimizer follows its reference trajectory", () => {
  test("23 reference cases of eight updates", () => {
    expect(cases.map(({ trajectory }) => trajectory.length)).toEqual(new Array(23).fill(8));
  });

  test.each(cases)("$name in float64", async ({ optimizer, trajectory }) => {
    const step = await stepOf(optimizer);
    expectTrajectory(evaluate(eightSteps(step, step.graph), operands(step)), trajectory, 1e-10);
  });

  test.each(cases)("$name in onnxruntime", async ({ optimizer, trajectory }) => {
    const step = await stepOf(optimizer);
    const optimized = runPasses(step.graph, stepPasses, { expected: new Map() });
    const model = await modelOf(eightSteps(step, optimized), 18);
    expectTrajectory(await run(model, operands(step)), trajectory, 1e-5);
  });
});

test("the variants of nadam differ in momentum_decay and epsilon", async () => {
  const nadam = { type: "nadam", learning_rate: 0.01, epsilon: 1e-8 };
  const last = async (optimizer: object) => {
    const step = await stepOf(optimizer);
    return evaluate(eightSteps(step, step.graph), operands(step)).at(-1);
  };
  expect(await last({ ...nadam, variant: "keras", momentum_decay: 0.004 })).toEqual(await last(nadam));
  expect(await last({ ...nadam, variant: "keras" })).toEqual(await last({ ...nadam, momentum_decay: 1 }));
  expect(await last({ ...nadam, variant: "keras" })).not.toEqual(await last(nadam));
  const keras = { type: "nadam", learning_rate: 0.01, variant: "keras" };
  expect(await last(keras)).toEqual(await last({ ...keras, epsilon: 1e-7 }));
});

test.each(cases.filter(({ name }) => ["sgd", "adam_torch", "nadam_keras"].includes(name)))(
  "$name, averaged: the parameters are the averages, from the first weights on; the updates go on from the weights",
  async ({ optimizer, trajectory }) => {
    const decay = 0.75;
    const average = { decay };
    const step = await stepOf({ ...optimizer, average });
    const averages = trajectory.map((_, index) => {
      const parameterOf = (name: "W" | "b"): Numbers => {
        const { shape, data } = parameters[name];
        const history = trajectory.slice(0, index + 1);
        const mean = (position: number) =>
          history.reduce(
            (running, after) => decay * running + (1 - decay) * at(after[name].data, position),
            at(data, position),
          );
        return { shape, data: data.map((_, position) => mean(position)) };
      };
      return { W: parameterOf("W"), b: parameterOf("b") };
    });
    expectTrajectory(evaluate(eightSteps(step, step.graph), operands(step)), averages, 1e-10);
    const optimized = runPasses(step.graph, stepPasses, { expected: new Map() });
    expectTrajectory(await run(await modelOf(eightSteps(step, optimized), 18), operands(step)), averages, 1e-5);
  },
);

test("gradient_norm is the global norm before clipping", async () => {
  const { optimizer } = cases.find(({ name }) => name === "sgd_clip_global_norm") ?? { optimizer: {} };
  const step = await stepOf(optimizer);
  const outputs = evaluate(eightSteps(step, step.graph), operands(step));
  const norms = gradients.map(({ W, b }) => Math.hypot(...W.data, ...b.data));
  expectClose(outputs[carriedCount(step) + 1], { shape: [8], data: norms }, 1e-12, "norm");
  expect(norms.some((norm) => norm > 1.5) && norms.some((norm) => norm < 1.5)).toBe(true);
});

const stepOf = (optimizer: object) => stepOfOptimizer({ W: parameters.W.shape, b: parameters.b.shape }, optimizer);

function eightSteps(step: StepGraph, graph: Graph): Graph {
  return stepsWithParameters(step, graph, names.length);
}

function operands(step: StepGraph): readonly Tensor[] {
  const sequences = names.map((name) =>
    tensorOf({
      shape: [gradients.length, ...parameters[name].shape],
      data: gradients.flatMap((gradient) => gradient[name].data),
    }),
  );
  return operandsOfSteps(
    step,
    names.map((name) => tensorOf(parameters[name])),
    sequences,
  );
}

function expectTrajectory(outputs: readonly Tensor[], trajectory: readonly Parameters[], tolerance: number): void {
  names.forEach((name, index) => {
    const { shape } = parameters[name];
    const expected = { shape: [8, ...shape], data: trajectory.flatMap((after) => after[name].data) };
    expectClose(outputs.at(index - names.length), expected, tolerance, `${name} after each update`);
  });
}
