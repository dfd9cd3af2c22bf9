/**
 * Optimizers against reference trajectories: eight updates in float64, and in float32 in onnxruntime after the passes.
 */
import { describe, expect, test } from "vitest";
import { graphBuilder } from "../../../compiler/graph/builder.js";
import { evaluate } from "../../../compiler/graph/evaluate.js";
import { verify } from "../../../compiler/graph/verify.js";
import { at } from "../../../compiler/ir/expect.js";
import { tabulate, tensor } from "../../../compiler/ir/tensor.js";
import type { Graph, Tensor } from "../../../compiler/ir/types.js";
import { runPasses, stepPasses } from "../../../compiler/optimize/pipeline.js";
import { buildStepGraph, type StepGraph } from "../../../compiler/training/step-graph.js";
import { repeatSteps } from "../../../compiler/training/step-loop.js";
import type { NormalOptimizer } from "../../../schema/normal/index.js";
import { base, normal } from "../../support/read-spec.js";
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
const ports = [
  ...names.map((name) => ({ name, role: "parameter", initializer: null }) as const),
  ...names.map((name) => ({ name: `gradient/${name}`, role: "data", initializer: null }) as const),
];

describe("every optimizer follows its reference trajectory", () => {
  test("23 reference cases of eight updates", () => {
    expect(cases.map(({ trajectory }) => trajectory.length)).toEqual(new Array(23).fill(8));
  });

  test.each(cases)("$name in float64", async ({ optimizer, trajectory }) => {
    const step = buildStepGraph(givenGradients(), ports, await optimizerOf(optimizer));
    expectTrajectory(evaluate(eightSteps(step, step.graph), operands(step)), trajectory, 1e-10);
  });

  test.each(cases)("$name in onnxruntime", async ({ optimizer, trajectory }) => {
    const step = buildStepGraph(givenGradients(), ports, await optimizerOf(optimizer));
    const optimized = runPasses(step.graph, stepPasses, { expected: new Map() });
    const model = await modelOf(eightSteps(step, optimized), 18);
    expectTrajectory(await run(model, operands(step)), trajectory, 1e-5);
  });
});

test("the variants of nadam differ in momentum_decay and epsilon", async () => {
  const nadam = { type: "nadam", learning_rate: 0.01, epsilon: 1e-8 };
  const last = async (optimizer: object) => {
    const step = buildStepGraph(givenGradients(), ports, await optimizerOf(optimizer));
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
    const step = buildStepGraph(givenGradients(), ports, await optimizerOf({ ...optimizer, average }));
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
  const step = buildStepGraph(givenGradients(), ports, await optimizerOf(optimizer));
  const outputs = evaluate(eightSteps(step, step.graph), operands(step));
  const norms = gradients.map(({ W, b }) => Math.hypot(...W.data, ...b.data));
  expectClose(outputs[stateCount(step) + 1], { shape: [8], data: norms }, 1e-12, "norm");
  expect(norms.some((norm) => norm > 1.5) && norms.some((norm) => norm < 1.5)).toBe(true);
});

async function optimizerOf(optimizer: object): Promise<NormalOptimizer> {
  return (await normal({ ...base, optimizer })).spec.optimizer;
}

/** A graph with a loss of 0, whose gradients are inputs. */
function givenGradients(): Graph {
  const b = graphBuilder("given");
  const input = (name: string, { shape }: Numbers) => b.input(name, { dtype: "float32", shape });
  for (const name of names) input(name, parameters[name]);
  const inputs = names.map((name) => input(`gradient/${name}`, parameters[name]));
  return b.finish([b.scalar(0), ...inputs]);
}

function stateCount({ slots }: StepGraph): number {
  return names.length + slots.length + 1;
}

/** Eight steps in one graph that also reports the parameters after each. */
function eightSteps(step: StepGraph, graph: Graph): Graph {
  const outputs = [...graph.outputs, ...graph.outputs.slice(0, names.length)];
  return verify(repeatSteps({ ...graph, outputs }, stateCount(step), 0, step.flatGroups), "repeat");
}

function operands({ slots }: StepGraph): readonly Tensor[] {
  const first = names.map((name) => tensorOf(parameters[name]));
  return [
    ...first,
    ...slots.map(({ parameter, initial }) =>
      tabulate("float32", at(first, parameter ?? Number.NaN).shape, () => initial),
    ),
    tensor("int64", [], [0]),
    ...names.map((name) =>
      tensorOf({
        shape: [gradients.length, ...parameters[name].shape],
        data: gradients.flatMap((gradient) => gradient[name].data),
      }),
    ),
  ];
}

function expectTrajectory(outputs: readonly Tensor[], trajectory: readonly Parameters[], tolerance: number): void {
  names.forEach((name, index) => {
    const { shape } = parameters[name];
    const expected = { shape: [8, ...shape], data: trajectory.flatMap((after) => after[name].data) };
    expectClose(outputs.at(index - names.length), expected, tolerance, `${name} after each update`);
  });
}
