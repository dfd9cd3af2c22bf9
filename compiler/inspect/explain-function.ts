/** Explanation of a function of the equation language: its equations, its gradient, its ONNX operators. */
import { graphBuilder } from "../graph/builder.js";
import type { Builder, Operand } from "../ir/builder.js";
import { at } from "../ir/expect.js";
import type { Dim, Node, Value } from "../ir/types.js";
import { type ExpressionType, shapeRules } from "../language/expression-type.js";
import type { EquationFunction } from "../language/functions/function.js";
import { timeFunctions } from "../language/functions/time.js";
import type { PassContext } from "../optimize/pass.js";
import { gradientEquations } from "./gradient-equations.js";

export interface FunctionExplanation {
  /** The equations of its definition; for a function in code its equation in mathematical notation. */
  readonly equations: readonly string[];
  /** From the cotangent dy of the result to those of the arguments; empty for a function that has no gradient. */
  readonly gradient: readonly string[];
  /** The operators of a call, in order, without constants. */
  readonly operators: readonly string[];
}

/** Rows of the first argument, in the order in which they are tried: sizes that a function needs are numbers. */
const exampleRows: readonly (readonly Dim[])[] = [["features"], [4], [2, 4], [4, 1]];
/** Arguments that are numbers, by their name in the notation. */
const exampleNumbers: Readonly<Record<string, number>> = { low: -1, high: 1, parts: 2, heads: 2, classes: 3, steps: 1 };

/** The operators of a call of an optimizer's function, for a matrix: they need no gradient. Steps are shown once. */
export function updateOperators(called: EquationFunction): readonly string[] {
  const b = graphBuilder("call");
  const { operands, types, nodeCount } = openArguments(b, called, ["rows", "columns"]);
  const type = called.infer(types, shapeRules([]));
  if (type === undefined || !("shape" in type)) throw new Error(`no example of ${called.notation} is a tensor`);
  called.build(b, operands, type.shape, types, 0);
  return operatorsAfter(b, nodeCount);
}

/** The operators of the nodes after the first ones, without constants. */
function operatorsAfter(b: Builder, nodeCount: number): readonly string[] {
  return b.nodes.slice(nodeCount).flatMap(({ op }: Node) => (op === "Constant" ? [] : [op]));
}

/** The explanation of a function, by a call of tensors under the names of its notation. */
export function explainFunction(called: EquationFunction, context: PassContext): FunctionExplanation {
  const batch: readonly Dim[] = readsTime(called) ? ["time", "batch"] : ["batch"];
  for (const row of exampleRows) {
    const b = graphBuilder("call");
    const call = openArguments(b, called, [...batch, ...row]);
    const rules = shapeRules(batch);
    const formula = /\("([^"]*)"/.exec(called.notation)?.[1];
    const type = called.infer(call.types, rules, formula);
    if (type?.kind !== "tensor" || rules.isUndecided()) continue;
    const results = [called.build(b, call.operands, type.shape, call.types, batch.length, undefined, formula)].flat();
    const operators = operatorsAfter(b, call.nodeCount);
    const names = results.length === 1 ? ["dy"] : results.map((_, index) => `dy${index + 1}`);
    const cotangents = results.map((value, index) => ({ value, name: at(names, index) }));
    const gradient = isDifferentiable(called) ? gradientEquations(b, cotangents, call.tensorCount, context) : [];
    return { equations: called.equation.split("; "), gradient, operators };
  }
  throw new Error(`no example of ${called.notation} is a tensor`);
}

/** True for a function of the time steps. */
function readsTime(called: EquationFunction): boolean {
  return Object.values(timeFunctions).includes(called);
}

/** True for a function with a gradient: sign, floor, one_hot and argmax are constant almost everywhere. */
function isDifferentiable({ notation }: EquationFunction): boolean {
  return !/^(sign|floor|one_hot|argmax)\(/.test(notation);
}

interface ExampleCall {
  readonly operands: readonly Operand[];
  readonly types: readonly ExpressionType[];
  readonly tensorCount: number;
  /** The number of nodes before the call. */
  readonly nodeCount: number;
}

/** The arguments that a call needs, as inputs of the graph. */
function openArguments(
  b: Builder,
  { notation, arity, conditionCount }: EquationFunction,
  shape: readonly Dim[],
): ExampleCall {
  const argumentNames = /\((.*)\)$/.exec(notation)?.[1]?.split(", ") ?? [];
  const operandNames = argumentNames.filter((name) => !name.startsWith('"'));
  // A formula has as many operands as its example.
  const names = operandNames.length < argumentNames.length ? operandNames : argumentNames.slice(0, arity[0]);
  const tensorNames = names.filter((name) => exampleNumbers[name] === undefined && name !== "condition");
  const inputs = new Map<string, Value>(
    tensorNames.map((name) => [
      name,
      b.input(name, { dtype: "float32", shape: name === "step" ? shape.with(-1, 1) : shape }),
    ]),
  );
  const operands = names.map((name, index): Operand => {
    if (index < conditionCount) return b.greater(at([...inputs.values()], 0), 0);
    return inputs.get(name) ?? exampleNumbers[name] ?? 0;
  });
  const types = operands.map(
    (operand): ExpressionType =>
      typeof operand === "number"
        ? { kind: "number", value: operand }
        : { kind: operand.type.dtype === "bool" ? "condition" : "tensor", shape: operand.type.shape, isBatched: true },
  );
  return { operands, types, tensorCount: tensorNames.length, nodeCount: b.nodes.length };
}
