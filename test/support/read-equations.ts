/** Printed equations, read back by the language and evaluated. */
import { graphBuilder } from "../../compiler/graph/builder.js";
import { evaluate } from "../../compiler/graph/evaluate.js";
import { at, expectDefined } from "../../compiler/ir/expect.js";
import type { Shape, Tensor } from "../../compiler/ir/types.js";
import { analyze } from "../../compiler/language/analyze.js";
import { buildEquations } from "../../compiler/language/build.js";
import { type ExpressionType, shapeRules } from "../../compiler/language/expression-type.js";
import { builtInFunctions } from "../../compiler/language/functions/index.js";
import type { ResolvedDefinition } from "../../compiler/language/resolve.js";
import type { Report } from "../../schema/diagnostics/index.js";

/** A name that the equations read: its shape, with the axis `batch` where it depends on the row, and its value. */
export interface GivenValue {
  readonly name: string;
  readonly shape: Shape;
  readonly value: Tensor;
}

/** The values of all names that the lines set. Throws for a line that the language does not read. */
export function readEquations(lines: readonly string[], given: readonly GivenValue[]): ReadonlyMap<string, Tensor> {
  const problems: string[] = [];
  const equations = [...lines, resultLine(given)];
  const report: Report = ({ path, message }) => problems.push(`${path}: ${message}`);
  const definition = definitionOf(equations);
  const analysis = analyze(definition, scopeOf(given), "", report);
  if (problems.length > 0) throw new Error(`${problems.join("\n")}\n${lines.join("\n")}`);
  const b = graphBuilder("read");
  const opened = Object.fromEntries(
    given.map(({ name, shape }) => [name, b.input(name, { dtype: "float32", shape })] as const),
  );
  const sound = {
    definition,
    equations: expectDefined(analysis.equations, "equations"),
    shapes: expectDefined(analysis.shapes, "shapes"),
    batchAxes: batchOf(given).length,
  };
  const named = [...buildEquations(b, sound, opened)].flatMap(([name, value]) =>
    typeof value === "object" && value.type.dtype === "float32" ? [[name, value] as const] : [],
  );
  const evaluated = evaluate(
    b.finish(named.map(([, value]) => value)),
    given.map(({ value }) => value),
  );
  return new Map(named.map(([name], index) => [name, at(evaluated, index)]));
}

/** The lines that the language reads, those without the names of the others. */
export function readableLines(lines: readonly string[], given: readonly GivenValue[]): readonly string[] {
  const problems = new Set<string>();
  analyze(definitionOf([...lines, resultLine(given)]), scopeOf(given), "", ({ path }) => problems.add(path));
  const kept = lines.filter((_, index) => !problems.has(`/${index}`));
  return problems.size === 0 ? lines : readableLines(kept, given);
}

const batchOf = (given: readonly GivenValue[]): Shape =>
  given.some(({ shape }) => shape[0] === "batch") ? ["batch"] : [];

/** The output of an activation has the rows of its input. */
const resultLine = (given: readonly GivenValue[]) => `result = ${at(given, 0).name}`;

const scopeOf = (given: readonly GivenValue[]) => {
  const batch = batchOf(given);
  const inputs = Object.fromEntries(
    given.map(({ name, shape }): [string, ExpressionType] => [
      name,
      { kind: "tensor", shape, isBatched: shape[0] === "batch" },
    ]),
  );
  const outputAxes = at(given, 0).shape.slice(0, -1);
  return { sizes: {}, inputs, batch, outputAxes, rules: shapeRules(batch) };
};

const definitionOf = (equations: readonly string[]): ResolvedDefinition => ({
  ...{ kind: "activation", functions: builtInFunctions, options: {}, inputs: {}, state: {}, parameters: {} },
  ...{ initializers: {}, equations, output: "result", onnx: null, missingTargets: [] },
  pointers: {
    ...{ state: {}, stateAxes: {}, parameters: {}, initializers: {}, equations: "", output: "" },
    lines: equations.map((_, index) => `/${index}`),
  },
});
