/** The printed gradient of each built-in cell, read back by the language: the values of the reverse pass. */
import { expect, test } from "vitest";
import { differentiate } from "../../../compiler/autodiff/reverse.js";
import { graphBuilder } from "../../../compiler/graph/builder.js";
import { evaluate } from "../../../compiler/graph/evaluate.js";
import { explainCell } from "../../../compiler/inspect/explain.js";
import { at, expectDefined } from "../../../compiler/ir/expect.js";
import { tabulate } from "../../../compiler/ir/tensor.js";
import type { Shape, Tensor, Value } from "../../../compiler/ir/types.js";
import { analyze } from "../../../compiler/language/analyze.js";
import { buildEquations } from "../../../compiler/language/build.js";
import { buildCellStep } from "../../../compiler/language/build-step.js";
import { type ExpressionType, shapeRules } from "../../../compiler/language/expression-type.js";
import { builtInFunctions } from "../../../compiler/language/functions/index.js";
import { type ResolvedDefinition, resolveDefinition } from "../../../compiler/language/resolve.js";
import { declaredShapes } from "../../../compiler/language/size-expression.js";
import { randomStream } from "../../../runtime/tensors/random.js";
import { builtInCells } from "../../../schema/built-in.js";
import { builtIn } from "../../support/cell-definition.js";

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
  const given = graph.inputs.map((input, index) => [readable(String(input.name)), input, at(values, index)] as const);
  const read = readBack(lines, given);
  const expected = Object.keys(batched).filter((key) => !withWindows.includes(name) || key === "h");
  for (const key of expected) {
    const index = Object.keys(batched).indexOf(key);
    const actual = expectDefined(read.get(`d${key}`), `${name}: d${key} of ${lines.join("\n")}`);
    actual.data.forEach((value, entry) => {
      expect(value).toBeCloseTo(at(gradients, index).data[entry] ?? Number.NaN, 9);
    });
  }
});

/** The values of the lines that the language reads. */
function readBack(
  lines: readonly string[],
  given: readonly (readonly [string, { readonly type: { readonly shape: Shape } }, Tensor])[],
): ReadonlyMap<string, Tensor> {
  const inputs = Object.fromEntries(
    given.map(([name, { type }]): [string, ExpressionType] => [
      name,
      { kind: "tensor", shape: type.shape, isBatched: type.shape[0] === "batch" },
    ]),
  );
  const definitionOf = (equations: readonly string[]): ResolvedDefinition => ({
    ...{ kind: "activation", functions: builtInFunctions, options: {}, inputs: {}, state: {}, parameters: {} },
    ...{ initializers: {}, equations, output: "result", onnx: null, missingTargets: [] },
    pointers: {
      ...{ state: {}, stateAxes: {}, parameters: {}, initializers: {}, equations: "", output: "" },
      lines: equations.map((_, index) => `/${index}`),
    },
  });
  const scope = () => ({ sizes: {}, inputs, batch: ["batch"], outputAxes: ["batch"], rules: shapeRules(["batch"]) });
  let kept = lines;
  const result = "result = x";
  for (;;) {
    const problems = new Set<string>();
    analyze(definitionOf([...kept, result]), scope(), "", ({ path }) => problems.add(path));
    if (problems.size === 0) break;
    kept = kept.filter((_, index) => !problems.has(`/${index}`));
  }
  const definition = definitionOf([...kept, result]);
  const analysis = analyze(definition, scope(), "", fail);
  const b = graphBuilder("read");
  const opened = Object.fromEntries(
    given.map(([name, { type }]) => [name, b.input(name, { dtype: "float32", shape: type.shape })]),
  );
  const sound = {
    definition,
    equations: expectDefined(analysis.equations, "equations"),
    shapes: expectDefined(analysis.shapes, "shapes"),
    batchAxes: 1,
  };
  const named = [...buildEquations(b, sound, opened)].flatMap(([name, value]) =>
    typeof value === "object" && value.type.dtype === "float32" ? [[name, value] as const] : [],
  );
  const evaluated = evaluate(
    b.finish(named.map(([, value]) => value)),
    given.map(([, , value]) => value),
  );
  return new Map(named.map(([name], index) => [name, at(evaluated, index)]));
}
