/** Activations that equations define, as functions of the language: `y = x * sigmoid(x)`. */
import { observeReport, type Problem, type Report } from "../../../schema/diagnostics/index.js";
import type { NormalActivationDefinition } from "../../../schema/normal/index.js";
import { graphBuilder } from "../../graph/builder.js";
import { evaluate } from "../../graph/evaluate.js";
import { at, expectDefined } from "../../ir/expect.js";
import { type Analysis, analyze } from "../analyze.js";
import { buildEquations, outputOf } from "../build.js";
import { type ExpressionType, isBatched, type ShapeRules, shapeRules } from "../expression-type.js";
import type { Definition } from "../origins.js";
import { type ResolvedDefinition, resolveDefinition } from "../resolve.js";
import { activationScope } from "../scope.js";
import { argumentError, asValue, type EquationFunction, type FunctionTable, tensorType } from "./function.js";

/** The features of some rows: an activation without a problem of this tensor has none of its own. */
const features: ExpressionType = { kind: "tensor", shape: ["batch", "features"], isBatched: true };

/** The definition of an activation, whose names are its input x and its options. */
export function resolveActivation(
  definition: NormalActivationDefinition,
  functions: FunctionTable,
  options: Readonly<Record<string, number>> = {},
): ResolvedDefinition {
  const declarations = { state: {}, parameters: {}, initializers: {}, variants: {}, onnx: null };
  return resolveDefinition({ ...declarations, ...definition }, options, functions, "activation");
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
 * @param own the definition in the spec; absent for a built-in one.
 * @param isUsable false for an activation in a circle of calls, or with too many of them, which is a problem of its own.
 */
export function activationFunction(
  name: string,
  definition: NormalActivationDefinition,
  functions: FunctionTable,
  isUsable: () => boolean,
  own?: Definition,
): EquationFunction {
  let isSound: boolean | undefined;
  const optionNames = Object.keys(definition.options);
  const resolved = new Map<string, ResolvedDefinition>();
  /** The definition with the values of options that a call gives after x. */
  const resolvedFor = (values: readonly ExpressionType[]): ResolvedDefinition => {
    const given = values.flatMap((type, index) =>
      type.kind === "number" ? [[at(optionNames, index), type.value] as const] : [],
    );
    const key = JSON.stringify(given);
    const known = resolved.get(key) ?? resolveActivation(definition, functions, Object.fromEntries(given));
    resolved.set(key, known);
    return known;
  };
  const analyzeFor = (called: ResolvedDefinition, x: ExpressionType, rules: ShapeRules, report: Report): Analysis => {
    const batch = x.kind === "number" || !x.isBatched ? [] : x.shape.slice(0, rules.batchAxes);
    return analyze(called, activationScope(x, batch, rules), "", report);
  };
  const build: EquationFunction["build"] = (b, args, _shape, [type, ...values], batchAxes) => {
    const x = asValue(b, at(args, 0));
    const argument: ExpressionType = {
      kind: "tensor",
      shape: x.type.shape,
      isBatched: type !== undefined && isBatched(type),
    };
    const rules = shapeRules(argument.isBatched ? x.type.shape.slice(0, batchAxes) : []);
    const called = resolvedFor(values);
    const { equations, shapes } = analyzeFor(called, argument, rules, failInvalid);
    const sound = {
      definition: called,
      equations: expectDefined(equations, name),
      shapes: expectDefined(shapes, name),
      batchAxes: rules.batchAxes,
      ...(own && { own }),
    };
    return outputOf(b, sound, buildEquations(b, sound, { x }));
  };
  return {
    notation: `${name}(${["x", ...Object.entries(definition.options).map(([key, value]) => `${key} = ${value}`)].join(", ")})`,
    equation: definition.equations.join("; "),
    arity: [1, 1 + optionNames.length],
    conditionCount: 0,
    infer([argument, ...values], rules) {
      const x = expectDefined(argument, "x");
      const position = values.findIndex(({ kind }) => kind !== "number");
      if (position >= 0) {
        const message = `the option ${at(optionNames, position)} of ${name} is a number, not a tensor`;
        const error = argumentError("argument", message, 1 + position);
        return { ...error, hint: "Write a number, or the name of a numeric option." };
      }
      isSound ??= isUsable() && checkActivation(definition, functions, "", () => {});
      if (!isSound) return undefined;
      const problems: Problem[] = [];
      const operand: ExpressionType = x.kind === "number" ? { kind: "tensor", shape: [], isBatched: false } : x;
      const { shapes } = analyzeFor(resolvedFor(values), operand, rules, (problem) => problems.push(problem));
      const [problem] = problems;
      if (problem !== undefined) return argumentError("shape-mismatch", problem.message);
      if (shapes === undefined) return undefined;
      return x.kind === "number"
        ? { kind: "number", value: valueAt(build, x.value, values) }
        : tensorType(shapes.output, [x]);
    },
    build,
  };
}

const failInvalid: Report = ({ message }) => {
  throw new Error(`an activation without a problem has one: ${message}`);
};

/** The value of an activation of a number, by the reference arithmetic. */
function valueAt(build: EquationFunction["build"], x: number, values: readonly ExpressionType[]): number {
  const b = graphBuilder("constant");
  const value = build(b, [x], [], [{ kind: "number", value: x }, ...values], 0);
  return at(at(evaluate(b.finish([value].flat()), []), 0).data, 0);
}
