/** Normalizing layers against PyTorch's numbers: values, gradients, padding. */
import { expect, test } from "vitest";
import { differentiate } from "../../../../compiler/autodiff/reverse.js";
import type { Mode } from "../../../../compiler/elaborate/context.js";
import { restrictToOutputs } from "../../../../compiler/elaborate/program.js";
import { graphBuilder } from "../../../../compiler/graph/builder.js";
import { evaluate } from "../../../../compiler/graph/evaluate.js";
import { inline } from "../../../../compiler/graph/rewrite.js";
import { at } from "../../../../compiler/ir/expect.js";
import { tabulate, tensor } from "../../../../compiler/ir/tensor.js";
import type { Tensor } from "../../../../compiler/ir/types.js";
import { open, operandsOf, programOf } from "../../../support/programs.js";
import { expectClose, type Numbers, nested, readFixture, tensorOf } from "../../../support/reference-numbers.js";

interface Case {
  readonly name: string;
  readonly layer: { readonly layer: string; readonly trainable?: boolean };
  readonly x: Numbers;
  readonly lengths?: readonly number[];
  /** Weights of the outputs in the differentiated sum; 0 at padding. */
  readonly w: Numbers;
  readonly parameters: Readonly<Record<string, Numbers>>;
  readonly y: Numbers;
  readonly dx: Numbers;
  readonly gradients: Readonly<Record<string, Numbers>>;
  /** Of batch_norm: the buffers before and after a training step, and y in evaluation. */
  readonly buffers?: Readonly<Record<string, Numbers>>;
  readonly next?: Readonly<Record<string, Numbers>>;
  readonly evaluation?: Numbers;
}

const { cases } = readFixture<{ readonly cases: readonly Case[] }>("norms.json");

/** The output of the layer, its buffers after the step, and the gradients of its weighted sum. */
async function resultsOf({ layer, x, lengths, w, parameters, buffers = {} }: Case, mode: Mode) {
  const features = at(x.shape, x.shape.length - 1);
  const opened = await open({
    data: { type: "arrays", inputs: nested(x), targets: nested(x), ...(lengths && { lengths }) },
    // A model has parameters: an identity.
    model: [
      { ...layer, name: "norm" },
      { layer: "dense", size: features, bias: false },
    ],
    loss: { type: "squared_error" },
    optimizer: { type: "adam" },
  });
  const { graph, inputs, outputs } = restrictToOutputs(
    programOf(opened, mode),
    ({ role }) => role === "prediction" || role === "buffer",
  );
  const b = graphBuilder("weighted");
  const ports = graph.inputs.map((input, index) => b.input(at(inputs, index).name, input.type));
  const [output, ...nextBuffers] = inline(b, graph, ports);
  if (output === undefined) throw new Error("no output");
  const weights = b.input("w", output.type);
  const sum = b.sum(b.mul(output, weights));
  const names = inputs.map(({ name }) => name);
  const differentiated = ["inputs", ...Object.keys(parameters).map((name) => `norm/${name}`)];
  const gradientGraph = differentiate(
    b.finish([sum, output, ...nextBuffers]),
    0,
    differentiated.map((name) => names.indexOf(name)),
  );
  const operands = new Map<string, Tensor>([
    ["inputs", tensorOf(x)],
    ["dense/W", tabulate("float32", [features, features], ([row, column]) => (row === column ? 1 : 0))],
    ...Object.entries({ ...parameters, ...buffers }).map(
      ([name, numbers]) => [`norm/${name}`, tensorOf(numbers)] as const,
    ),
    ...(lengths ? [["lengths", tensor("int64", [lengths.length], lengths)] as const] : []),
  ]);
  const [, y, ...rest] = evaluate(gradientGraph, [...operandsOf(inputs, operands), tensorOf(w)]);
  const next = new Map(outputs.slice(1).map(({ name }, index) => [name, rest[index]]));
  const gradients = new Map(differentiated.map((name, index) => [name, rest[nextBuffers.length + index]]));
  return { y, next, gradients, names };
}

/** The tensor with 0 past the lengths. */
function withoutPadding(y: Tensor | undefined, lengths: readonly number[] | undefined): Tensor | undefined {
  if (y === undefined || lengths === undefined) return y;
  const [, time = 1, features = 1] = y.shape;
  const isValid = (index: number) =>
    Math.floor(index / features) % time < at(lengths, Math.floor(index / (features * time)));
  return { ...y, data: y.data.map((entry, index) => (isValid(index) ? entry : 0)) };
}

test.each(cases.map((each) => [each.name, each] as const))("%s", async (_, each) => {
  const { y, next, gradients, names } = await resultsOf(each, "training");
  const { parameters, buffers = {} } = each;
  expect(names.filter((name) => name.startsWith("norm/"))).toEqual(
    Object.keys({ ...parameters, ...buffers }).map((name) => `norm/${name}`),
  );
  expectClose(withoutPadding(y, each.lengths), each.y, 1e-10, "y");
  expectClose(gradients.get("inputs"), each.dx, 1e-10, "dx");
  for (const [name, expected] of Object.entries(each.gradients))
    expectClose(gradients.get(`norm/${name}`), expected, 1e-10, name);
  expect([...next.keys()]).toEqual(Object.keys(each.next ?? {}).map((name) => `norm/${name}`));
  for (const [name, expected] of Object.entries(each.next ?? {}))
    expectClose(next.get(`norm/${name}`), expected, 1e-10, name);
  const { y: evaluated } = await resultsOf(each, "evaluation");
  expectClose(withoutPadding(evaluated, each.lengths), each.evaluation ?? each.y, 1e-10, "y in evaluation");
});

test("a frozen batch_norm uses its running statistics in training, and keeps them", async () => {
  const each = cases.find(({ name }) => name === "batch_norm, lengths");
  if (each?.evaluation === undefined) throw new Error("no such case");
  const { y, next } = await resultsOf({ ...each, layer: { layer: "batch_norm", trainable: false } }, "training");
  expectClose(withoutPadding(y, each.lengths), each.evaluation, 1e-10, "y");
  expect([...next]).toEqual([]);
});
