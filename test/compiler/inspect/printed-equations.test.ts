/** The printed gradient of each built-in cell, read back by the language: the values of the reverse pass. */
import { expect, test } from "vitest";
import { differentiate } from "../../../compiler/autodiff/reverse.js";
import { graphBuilder } from "../../../compiler/graph/builder.js";
import { evaluate } from "../../../compiler/graph/evaluate.js";
import { explainCell } from "../../../compiler/inspect/explain.js";
import { at, expectDefined } from "../../../compiler/ir/expect.js";
import { tabulate } from "../../../compiler/ir/tensor.js";
import type { Shape, Value } from "../../../compiler/ir/types.js";
import { buildCellStep } from "../../../compiler/language/build-step.js";
import { builtInFunctions } from "../../../compiler/language/functions/index.js";
import { resolveDefinition } from "../../../compiler/language/resolve.js";
import { declaredShapes } from "../../../compiler/language/size-expression.js";
import { randomStream } from "../../../runtime/tensors/random.js";
import { builtInCells } from "../../../schema/built-in.js";
import { builtIn } from "../../support/cell-definition.js";
import { readableLines, readEquations } from "../../support/read-equations.js";

const rows = 3;
const sizes = { hidden_size: 8, input_size: 3 };
const context = { expected: new Map<string, number>() };
const fail = ({ message }: { readonly message: string }) => {
  throw new Error(message);
};

/** The name of a printed value as one that equations may set. */
const readable = (text: string) => text.replaceAll("'", "_next");

/** Cells whose derivative of a window slices it, which no function does. */
const withWindows = ["mamba", "qrnn", "rwkv"];

test.each(builtInCells())("%s", (name) => {
  const source = builtIn(name);
  const options = "heads" in source.options ? { heads: 2 } : {};
  const cell = resolveDefinition(source, options, builtInFunctions);
  const shapes = expectDefined(declaredShapes(cell, sizes, "", fail), "shapes");
  const batched: Record<string, Shape> = { x: [sizes.input_size], ...shapes.states };
  for (const [input, size] of Object.entries(shapes.inputs)) batched[input] = [size];

  const b = graphBuilder("step");
  const open = (label: string, shape: Shape) => b.input(label, { dtype: "float32", shape });
  const group = (record: Readonly<Record<string, Shape>>) =>
    Object.fromEntries(Object.entries(record).map(([label, shape]) => [label, open(label, shape)]));
  const { x, ...others } = group(
    Object.fromEntries(Object.entries(batched).map(([k, shape]) => [k, ["batch", ...shape]])),
  );
  const pick = (names: readonly string[]) =>
    Object.fromEntries(names.map((key) => [key, expectDefined(others[key], key)]));
  const parameters = group(shapes.parameters);
  const operands = {
    x: expectDefined(x, "x"),
    inputs: pick(Object.keys(shapes.inputs)),
    states: pick(Object.keys(shapes.states)),
    parameters,
  };
  const step = expectDefined(buildCellStep(cell, sizes, b, operands, fail, ""), "a step");
  const results = Object.entries(step.states).map(([state, value]): readonly [string, Value] => [`d${state}'`, value]);
  if (!Object.values(step.states).includes(step.output)) results.push([`d${cell.output}`, step.output]);
  const terms = results.map(([label, value]) => b.sum(b.mul(value, open(label, value.type.shape))));
  const graph = b.finish([terms.reduce((one, other) => b.add(one, other))]);
  const random = randomStream(3, name);
  const values = graph.inputs.map(({ type: { shape } }) =>
    tabulate(
      "float32",
      shape.map((dim) => (typeof dim === "number" ? dim : rows)),
      () => 0.3 + 0.5 * random.normal(),
    ),
  );
  const operandCount = Object.keys(batched).length;
  const [, ...gradients] = evaluate(differentiate(graph, 0, [...Array(operandCount).keys()]), values);

  const lines = explainCell(cell, sizes, context).gradient.map(readable);
  const given = graph.inputs.map(({ name: input, type }, index) => ({
    ...{ name: readable(String(input)), shape: type.shape, value: at(values, index) },
  }));
  // The gradient of a weight is a sum over the batch, which no equation of a row is.
  const read = readEquations(readableLines(lines, given), given);
  const expected = Object.keys(batched).filter((key) => !withWindows.includes(name) || key === "h");
  for (const key of expected) {
    const index = Object.keys(batched).indexOf(key);
    const actual = expectDefined(read.get(`d${key}`), `${name}: d${key} of ${lines.join("\n")}`);
    actual.data.forEach((value, entry) => {
      expect(value).toBeCloseTo(at(gradients, index).data[entry] ?? Number.NaN, 9);
    });
  }
});
