/** Losses of equations against PyTorch in float64: values, gradients, trained weights; built-in files as losses of a spec. */
import { describe, expect, test } from "vitest";
import { differentiate } from "../../../../compiler/autodiff/reverse.js";
import { restrictToOutputs } from "../../../../compiler/elaborate/program.js";
import { evaluate } from "../../../../compiler/graph/evaluate.js";
import { at, expectDefined } from "../../../../compiler/ir/expect.js";
import { tabulate, tensor } from "../../../../compiler/ir/tensor.js";
import type { Tensor } from "../../../../compiler/ir/types.js";
import { openData } from "../../../../runtime/data/index.js";
import { builtInLoss, builtInLosses } from "../../../../schema/built-in.js";
import { definition, propertiesOf } from "../../../../schema/json-schema.js";
import { lossFacts } from "../../../../schema/kinds/data.js";
import { build } from "../../../support/artifacts.js";
import { expectGradients } from "../../../support/finite-differences.js";
import { open, operandsOf, programOf } from "../../../support/programs.js";
import { normal } from "../../../support/read-spec.js";
import { expectClose, type Numbers, nested, readFixture, tensorOf } from "../../../support/reference-numbers.js";

interface Case {
  readonly name: string;
  readonly loss: { readonly type: string };
  readonly losses?: object;
  readonly inputs: Numbers;
  readonly targets: Numbers;
  readonly value: number;
  readonly gradient: Numbers;
  readonly rate: number;
  readonly trained: Numbers;
}

const { cases } = readFixture<{ readonly cases: readonly Case[] }>("equation-losses.json");
const steps = 100;

/** The loss of a dense layer that starts as the identity, with its gradient. */
async function lossOf({ loss, losses = {}, inputs, targets }: Case) {
  const opened = await open({
    data: { type: "arrays", inputs: nested(inputs), targets: nested(targets) },
    losses,
    model: [{ layer: "dense", size: inputs.shape.at(-1), bias: false }],
    loss,
    optimizer: { type: "sgd", learning_rate: 1 },
    train: { batch_size: "all" },
  });
  const program = restrictToOutputs(programOf(opened), ({ role }) => role === "loss");
  const width = inputs.shape.at(-1) ?? 0;
  const isOfClasses = targets.shape.length < inputs.shape.length;
  const operands = operandsOf(
    program.inputs,
    new Map([
      ["dense/W", tabulate("float32", [width, width], ([row, column]) => Number(row === column))],
      ["inputs", tensorOf(inputs)],
      ["targets", tensorOf(targets, isOfClasses ? "int32" : "float32")],
    ]),
  );
  const positionOf = (name: string) => program.inputs.findIndex((input) => input.name === name);
  return { graph: program.graph, operands, positionOf };
}

describe("PyTorch in float64", () => {
  test.each(cases)("$name: value and gradient", async (fixture) => {
    const { graph, operands, positionOf } = await lossOf(fixture);
    const [loss, gradient] = evaluate(differentiate(graph, 0, [positionOf("inputs")]), operands);
    expectClose(loss, { shape: [], data: [fixture.value] }, 1e-10, "loss");
    expectClose(gradient, fixture.gradient, 1e-10, "gradient");
  });

  test.each(cases)("$name: weights after 100 updates", async (fixture) => {
    const { graph, operands, positionOf } = await lossOf(fixture);
    const position = positionOf("dense/W");
    const step = differentiate(graph, 0, [position]);
    let weights: Tensor = expectDefined(operands[position], "the weights");
    for (let index = 0; index < steps; index++) {
      const gradient = expectDefined(evaluate(step, operands.with(position, weights))[1], "the gradient");
      const next = [...weights.data].map((weight, entry) => weight - fixture.rate * (gradient.data[entry] ?? 0));
      weights = tensor("float32", weights.shape.map(Number), next);
    }
    expectClose(weights, fixture.trained, 1e-6, "weights");
  });

  test.each(cases)("$name: finite differences", async (fixture) => {
    const { graph, operands, positionOf } = await lossOf(fixture);
    const loss = { ...graph, outputs: [at(graph.outputs, 0)] };
    expectGradients({ graph: loss, operands, sizes: new Map() }, [positionOf("inputs")]);
  });
});

describe("the files of specs/losses", () => {
  test.each(builtInLosses())("%s has the options and the targets of the schema", (name) => {
    const { options = {}, target = "numbers", output_size } = expectDefined(builtInLoss(name), name);
    const keys = propertiesOf(definition(name));
    const common = ["type", "reduction", "class_weights", "from", "target", "weight"];
    const defaults = Object.entries(keys).flatMap(([key, schema]) =>
      common.includes(key) ? [] : [[key, schema.default] as const],
    );
    expect(options).toEqual(Object.fromEntries(defaults));
    const facts: { readonly targets: string; readonly outputs?: string; readonly forecast?: object } =
      lossFacts[name as "huber"];
    expect(target === "class" ? "classes" : target).toBe(facts.targets);
    expect(output_size !== undefined).toBe(facts.outputs === "features" || facts.forecast !== undefined);
  });

  test.each(builtInLosses())("%s as a loss of a spec compiles to the same bytes", async (name) => {
    const kind: string = lossFacts[name as "focal"].targets;
    const rows = [0, 1, 1, 0, 2, 2].map((label, row) => ({
      label,
      inputs: [Math.sin(row), Math.cos(3 * row), row / 4],
    }));
    const spec = (loss: object, losses: object = {}) => ({
      data: {
        type: "arrays",
        inputs: rows.map(({ inputs }) => inputs),
        targets: rows.map(({ label }) => (kind === "classes" ? label : [kind === "counts" ? label : label / 2])),
      },
      losses,
      model: [{ layer: "dense", size: sizes[name] ?? (kind === "classes" ? 3 : 1) }],
      loss,
      optimizer: { type: "adam" },
      train: { batch_size: 3 },
      metrics: [],
    });
    const { $schema: _, ...file } = expectDefined(builtInLoss(name), name);
    const builtIn = await build(spec({ type: name }));
    const own = await build(spec({ type: "mine" }, { mine: file }));
    expect(Buffer.from(own.artifact.train).equals(builtIn.artifact.train)).toBe(true);
  });
});

/** The number of outputs for one target. */
const sizes: Readonly<Record<string, number>> = {
  quantile: 3,
  gaussian_nll: 2,
  mixture_density: 9,
  student_t_nll: 3,
  negative_binomial_nll: 2,
};

test.each([
  ["poisson_nll", 1, -1],
  ["negative_binomial_nll", 2, 0.5],
])("%s refuses a target that is no count", async (type, size, target) => {
  const data = { type: "arrays", inputs: [[1], [2]], targets: [[3], [target]] };
  const spec = { data, model: [{ layer: "dense", size }], loss: { type }, optimizer: { type: "adam" } };
  const opened = await openData((await normal(spec)).spec, ".");
  expect(opened.ok ? "" : opened.error[0]?.hint).toContain(`${type} needs counts as targets: integers from 0.`);
});
