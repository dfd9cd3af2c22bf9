/** Activations against PyTorch's numbers, at extremes in float32, and as layers. */
import { describe, expect, test } from "vitest";
import { differentiate } from "../../../../compiler/autodiff/reverse.js";
import { graphBuilder } from "../../../../compiler/graph/builder.js";
import { evaluate } from "../../../../compiler/graph/evaluate.js";
import { tensor } from "../../../../compiler/ir/tensor.js";
import type { Graph, Value } from "../../../../compiler/ir/types.js";
import { builtInFunctions } from "../../../../compiler/language/functions/index.js";
import { builtInActivations } from "../../../../schema/built-in.js";
import { definition } from "../../../../schema/json-schema.js";
import type { ActivationName } from "../../../../schema/normal/index.js";
import { analysisOf, type OpenedSpec, open, outputsOf, programOf, tensorOfArray } from "../../../support/programs.js";
import { expectClose, type Numbers, readFixture, tensorOf } from "../../../support/reference-numbers.js";
import { modelOf, run } from "../../../support/run-graph.js";

interface Reference {
  readonly x: Numbers;
  readonly w: Numbers;
  readonly activations: Readonly<Record<string, { readonly y: Numbers; readonly dx: Numbers }>>;
}
const reference = readFixture<Reference>("activations.json");
const listed = definition("activation_name").anyOf?.[0]?.enum as readonly ActivationName[];
const names = listed.filter((name) => name !== "none");
const isGated = (name: string) => ["glu", "swiglu"].includes(name);

/** Outputs: the sum of w · activation(x), its gradient in x, and activation(x). */
function weightedGraph(name: ActivationName, shape: readonly [number, number]): Graph {
  const b = graphBuilder(name);
  const x = b.input("x", { dtype: "float32", shape });
  const w = b.input("w", { dtype: "float32", shape });
  const type = { kind: "tensor", shape, isBatched: true } as const;
  const size = isGated(name) ? shape[1] / 2 : shape[1];
  const value = builtInFunctions.get(name)?.build(b, [x], [shape[0], size], [type], 1) as Value;
  const weights = isGated(name) ? b.slice(w, 1, 0, shape[1] / 2) : w;
  const { nodes, outputs, ...graph } = differentiate(b.finish([b.sum(b.mul(value, weights)), value]), 0, [0]);
  return { ...graph, nodes, outputs: outputs.slice(1) };
}

describe("values and gradients are PyTorch's", () => {
  test("every activation has reference numbers", () => {
    expect(Object.keys(reference.activations).sort()).toEqual([...names].sort());
  });

  test.each(names)("%s", (name) => {
    const operands = [tensorOf(reference.x), tensorOf(reference.w)];
    const [y, dx] = evaluate(weightedGraph(name, [3, 4]), operands);
    const expected = reference.activations[name];
    if (expected === undefined) throw new Error(`no numbers of ${name}`);
    expectClose(y, expected.y, 1e-12, "y");
    // PyTorch has 1/6 in float32 in the gradient of hard_sigmoid.
    expectClose(dx, expected.dx, 1e-8, "dx");
  });
});

test.each(names)("%s is finite in float32 at ±1e4, with its gradient", async (name) => {
  const x = tensor("float32", [2, 4], [1e4, -1e4, 100, -100, -1e4, 1e4, 0, -0]);
  const w = tensor("float32", [2, 4], [1, 2, 3, 4, 5, 6, 7, 8]);
  const results = await run(await modelOf(weightedGraph(name, [2, 4]), 18), [x, w]);
  expect(results.flatMap(({ data }) => [...data]).filter((entry) => !Number.isFinite(entry))).toEqual([]);
});

test("every activation is a function of the equation language, and every file is listed", () => {
  expect(names.filter((name) => builtInFunctions.get(name) === undefined)).toEqual([]);
  expect(builtInActivations().filter((name) => !names.includes(name))).toEqual([]);
});

const [inputs, targets] = [[[0.5, -1, 2]], [[0, 1]]];
const opened = (model: readonly object[], loss: object = { type: "squared_error" }): Promise<OpenedSpec> =>
  open({ data: { type: "arrays", inputs, targets }, model, loss, optimizer: { type: "adam" } });
const [W, b] = [tensor("float32", [3, 2], [1, -2, 0.5, 0.25, -1, 3]), tensor("float32", [2], [0.1, -0.2])];

/** The loss of a dense layer of known weights and what follows it. */
async function lossOf(model: readonly object[], loss: object): Promise<readonly number[]> {
  const spec = await opened(model, loss);
  const data = [...spec.batch].map(([name, array]) => [name, tensorOfArray(array)] as const);
  const operands = new Map([...data, ["dense/W", W] as const, ["dense/b", b] as const]);
  return [...(outputsOf(programOf(spec, "evaluation"), operands, ["loss"]).get("loss")?.data ?? [])];
}

test.each([
  ["softmax", { type: "cross_entropy" }],
  ["sigmoid", { type: "binary_cross_entropy" }],
  ["gelu", { type: "squared_error" }],
])("an activation layer is the activation of the layer before it: %s", async (activation, loss) => {
  const apart = await lossOf(
    [
      { layer: "dense", size: 2 },
      { layer: "activation", activation },
    ],
    loss,
  );
  expect(apart).toEqual(await lossOf([{ layer: "dense", size: 2, activation }], loss));
  expect(apart[0]).toBeGreaterThan(0);
});

test.each(["glu", "swiglu"])(
  "%s doubles the columns of a dense layer and halves the input of a layer",
  async (name) => {
    const { parameters, layers } = analysisOf(
      await opened([
        { layer: "dense", size: 4, activation: name },
        { layer: "activation", activation: name },
      ]),
    );
    expect(parameters.tensors.map(({ name: tensorName, shape }) => [tensorName, shape])).toEqual([
      ["dense/W", [3, 8]],
      ["dense/b", [8]],
    ]);
    expect(layers.map(({ output }) => output.at(-1))).toEqual([4, 2]);
  },
);
