/** Activations that equations define, as functions of the language: `y = x * sigmoid(x)`. */
import { observeReport, type Problem, type Report } from "../../../schema/diagnostics/index.js";
import type { NormalActivationDefinition } from "../../../schema/normal/index.js";
import { graphBuilder } from "../../graph/builder.js";
import { evaluate } from "../../graph/evaluate.js";
import type { Operand } from "../../ir/builder.js";
import { at, expectDefined } from "../../ir/expect.js";
import { type Analysis, analyze } from "../analyze.js";
import { buildEquations, outputOf } from "../build.js";
import { type ExpressionType, isBatched, type ShapeRules, shapeRules } from "../expression-type.js";
import { type ResolvedDefinition, resolveDefinition } from "../resolve.js";
import { activationScope } from "../scope.js";
import { argumentError, asValue, type EquationFunction, type FunctionTable, tensorType } from "./function.js";

/** The features of some rows: an activation without a problem of this tensor has none of its own. */
const features: ExpressionType = { kind: "tensor", shape: ["batch", "features"], isBatched: true };

/** The definition of an activation, whose only name is its input x. */
export function resolveActivation(
  { equations, output, description }: NormalActivationDefinition,
  functions: FunctionTable,
): ResolvedDefinition {
  const declarations = { options: {}, state: {}, parameters: {}, initializers: {}, variants: {}, onnx: null };
  return resolveDefinition({ ...declarations, equations, output, description }, {}, functions, "activation");
}

/** Reports all problems of an activation, at its path. True without one, here or in an activation that it calls. */
export function checkActivation(
  definition: NormalActivationDefinition,
  functions: FunctionTable,
  path: string,
  report: Report,
): boolean {
  const { report: fail, isSound } = observeReport(report);
  const scope = activationScope(features, ["batch"], shapeRules(["batch"]));
  const { shapes } = analyze(resolveActivation(definition, functions), scope, path, fail);
  return isSound() && shapes !== undefined;
}

/**
 * @param functions those that its equations may call.
 * @param isUsable false for an activation in a circle of calls, or with too many of them, which is a problem of its own.
 */
export function activationFunction(
  name: string,
  definition: NormalActivationDefinition,
  functions: FunctionTable,
  isUsable: () => boolean,
): EquationFunction {
  let resolved: ResolvedDefinition | undefined;
  let isSound: boolean | undefined;
  const analyzeFor = (x: ExpressionType, rules: ShapeRules, report: Report): Analysis => {
    resolved ??= resolveActivation(definition, functions);
    const batch = x.kind === "number" || !x.isBatched ? [] : x.shape.slice(0, rules.batchAxes);
    return analyze(resolved, activationScope(x, batch, rules), "", report);
  };
  const build: EquationFunction["build"] = (b, args, _shape, [type], batchAxes) => {
    const x = asValue(b, at(args, 0));
    const argument: ExpressionType = {
      kind: "tensor",
      shape: x.type.shape,
      isBatched: type !== undefined && isBatched(type),
    };
    const rules = shapeRules(argument.isBatched ? x.type.shape.slice(0, batchAxes) : []);
    const { equations, shapes } = analyzeFor(argument, rules, failInvalid);
    const sound = {
      definition: expectDefined(resolved, name),
      equations: expectDefined(equations, name),
      shapes: expectDefined(shapes, name),
      batchAxes: rules.batchAxes,
    };
    return outputOf(b, sound, buildEquations(b, sound, { x }));
  };
  return {
    notation: `${name}(x)`,
    equation: definition.equations.join("; "),
    arity: [1, 1],
    conditionCount: 0,
    infer(args, rules) {
      const x = at(args, 0);
      isSound ??= isUsable() && checkActivation(definition, functions, "", () => {});
      if (!isSound) return undefined;
      const problems: Problem[] = [];
      const operand: ExpressionType = x.kind === "number" ? { kind: "tensor", shape: [], isBatched: false } : x;
      const { shapes } = analyzeFor(operand, rules, (problem) => problems.push(problem));
      const [problem] = problems;
      if (problem !== undefined) return argumentError("shape-mismatch", problem.message);
      if (shapes === undefined) return undefined;
      return x.kind === "number" ? { kind: "number", value: valueAt(build, x.value) } : tensorType(shapes.output, [x]);
    },
    build,
  };
}

const failInvalid: Report = ({ message }) => {
  throw new Error(`an activation without a problem has one: ${message}`);
};

/** The value of an activation of a number, by the reference arithmetic. */
function valueAt(build: EquationFunction["build"], x: Operand): number {
  const b = graphBuilder("constant");
  const value = build(b, [x], [], [], 0);
  return at(at(evaluate(b.finish([value].flat()), []), 0).data, 0);
}
