/** The activations of layers, by their name in specs: functions of the equation language of one tensor. */
import { activationNotation } from "../../schema/kinds/activation-notation.js";
import type { ActivationUse } from "../../schema/normal/index.js";
import type { Builder } from "../ir/builder.js";
import { mulDims } from "../ir/dims.js";
import { at } from "../ir/expect.js";
import type { Dim, Value } from "../ir/types.js";
import { divideDim, type ExpressionType, shapeRules } from "../language/expression-type.js";
import type { ArgumentError, FunctionTable } from "../language/functions/function.js";
import type { Context } from "./context.js";
import { padWithFirstStep, type Wire, width } from "./wire.js";

/** The number of features of an example tensor: a number with many divisors. */
const EXAMPLE_WIDTH = 5040;

/** An object of the spec with an activation. */
interface Part {
  readonly name: string;
  readonly activation: ActivationUse;
}

/**
 * The number of features that an activation reads for an output of a size: twice as many for a gate of two halves.
 * Undefined after a reported problem.
 */
export function preActivationSize(part: Part, size: Dim, context: Context): Dim | undefined {
  const activation = activationNotation(part.activation);
  const { functions } = context;
  const outputs = outputWidth(activation, EXAMPLE_WIDTH, functions);
  if (outputs === EXAMPLE_WIDTH || outputs === undefined) return size;
  const fail = (message: string, hint: string) =>
    context.problem({ part, key: "activation", code: "activation-width", message, hint });
  if (outputWidth(activation, 2 * EXAMPLE_WIDTH, functions) !== 2 * outputs)
    return fail(
      `the width of ${activation} is no multiple of the width of its operand, so ${part.name} has no number of columns.`,
      'Use it in an "activation" layer.',
    );
  const columns = divideDim(mulDims(size, EXAMPLE_WIDTH), outputs);
  if (columns !== undefined) return columns;
  return fail(
    `${activation} makes ${outputs / EXAMPLE_WIDTH} features of each, and ${part.name} has a size of ${size}.`,
    `Make the size a multiple of ${outputs / EXAMPLE_WIDTH}.`,
  );
}

/** The number of features that an activation reads for each of its output: 2 for a gate of two halves. */
export function featuresRead(activation: string, functions: FunctionTable): number {
  return EXAMPLE_WIDTH / (outputWidth(activation, EXAMPLE_WIDTH, functions) ?? EXAMPLE_WIDTH);
}

/** The number of features that an activation makes of some; undefined where it cannot. */
function outputWidth(activation: string, features: number, functions: FunctionTable): number | undefined {
  if (activation === "none") return features;
  const x: ExpressionType = { kind: "tensor", shape: ["batch", features], isBatched: true };
  const type = calledFunction(activation, functions)?.infer([x], shapeRules(["batch"]));
  return type?.kind === "tensor" ? Number(at(type.shape, 1)) : undefined;
}

/**
 * An activation along the last axis, and its operand where losses read that (softmax, sigmoid). Undefined after a
 * reported problem, and where sizes that must agree depend on the data.
 *
 * @param maskOf the mask of the steps of a sequence, built on demand, or null.
 */
export function activate(
  part: Part,
  x: Value,
  maskOf: () => Wire["mask"],
  context: Context,
): Pick<Wire, "value" | "logits"> | undefined {
  const activation = activationNotation(part.activation);
  const { b, functions } = context;
  // An activation of the user's may be infinite at zeros, and so have a gradient of NaN there.
  const isSafe = activation === "none" || functions.isBuiltIn(activation);
  const value = applyActivation(b, activation, isSafe ? x : padWithFirstStep(b, x, maskOf()), functions);
  if (value === undefined) return undefined;
  if ("kind" in value) return reportWidth(part, width({ value: x }), value, context);
  return { value, logits: isLinkFunction(activation) ? { value: x, activation } : null };
}

/**
 * An activation of a tensor; the error of a number of features that it cannot read. Undefined where the activation has
 * a problem of its own, and where sizes that must agree depend on the data.
 */
export function applyActivation(
  b: Builder,
  activation: string,
  x: Value,
  functions: FunctionTable,
): Value | ArgumentError | undefined {
  if (activation === "none") return x;
  const { shape } = x.type;
  const type: ExpressionType = { kind: "tensor", shape, isBatched: true };
  const rules = shapeRules(shape.slice(0, -1));
  const called = calledFunction(activation, functions);
  const result = called?.infer([type], rules);
  if (called === undefined) return undefined;
  if (result?.kind === "error") return result;
  if (result?.kind !== "tensor" || rules.isUndecided()) return undefined;
  return called.build(b, [x], result.shape, [type], rules.batchAxes) as Value;
}

/** The function of one tensor behind an activation; undefined where a spec gives it the name of another function. */
function calledFunction(activation: string, functions: FunctionTable) {
  const called = functions.get(activation);
  return called?.arity[0] === 1 ? called : undefined;
}

/** Reports an activation that cannot read a number of features. */
function reportWidth(part: Part, features: Dim, { code, message }: ArgumentError, context: Context): undefined {
  const { name } = part;
  const activation = activationNotation(part.activation);
  return featuresRead(activation, context.functions) === 2
    ? context.problem({
        part,
        key: "activation",
        code: "odd-width",
        message: `${activation} halves its input, but the input of ${name} has ${features} features, an odd number.`,
        hint: "Give the layer before it an even size.",
      })
    : context.problem({
        part,
        key: "activation",
        code,
        message: `${activation} cannot read the ${features} features of the input of ${name}: ${message}.`,
        hint: "Change the size of the layer before it.",
      });
}

/** True for the activations that a loss computes with itself, from their operand. */
function isLinkFunction(activation: string): activation is "softmax" | "sigmoid" {
  return activation === "softmax" || activation === "sigmoid";
}

/** The softmax or sigmoid that a value is the result of; undefined for other values. */
export function linkFunctionOf(b: Builder, value: Value): "softmax" | "sigmoid" | undefined {
  const node = b.nodes.findLast(({ outputs }) => outputs.includes(value));
  return node?.op === "Softmax" ? "softmax" : node?.op === "Sigmoid" ? "sigmoid" : undefined;
}
