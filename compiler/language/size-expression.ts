/** Size expressions: arithmetic over the sizes of a scope and numeric options, evaluated to a dim. */
import type { Report } from "../../schema/diagnostics/index.js";
import { quote, suggestion } from "../../schema/diagnostics/suggest.js";
import { child } from "../../schema/json-pointer.js";
import type { SizeExpression } from "../../schema/normal/index.js";
import { addDims, mulDims, subDims } from "../ir/dims.js";
import type { Dim, Shape } from "../ir/types.js";
import { divideDim } from "./expression-type.js";
import { type Expression, parseExpression } from "./parse/expression.js";
import type { EquationProblem } from "./parse/tokens.js";
import { numericOptions, ownValue, type ResolvedDefinition } from "./resolve.js";
import type { Scope } from "./scope.js";

/** The sizes of a cell's use. A size that depends on the data is a symbol, such as `vocabulary`. */
export type CellSizes = { readonly hidden_size: Dim; readonly input_size: Dim };

/** The largest size of an axis, far below the integers that a double represents exactly. */
const maxSize = 2 ** 31 - 1;

/** The names that a size expression may use. */
export function sizeNames(
  definition: Pick<ResolvedDefinition, "options">,
  sizes: Scope["sizes"],
): ReadonlyMap<string, Dim> {
  return new Map<string, Dim>([...numericOptions(definition), ...Object.entries(allSizes(definition, sizes))]);
}

/** The sizes of a use and the one that follows from them: the head_size of a cell whose options have a number of heads. */
export function allSizes(
  { options }: Pick<ResolvedDefinition, "options">,
  sizes: Scope["sizes"],
): Readonly<Record<string, Dim>> {
  const [heads, hiddenSize] = [ownValue(options, "heads"), sizes.hidden_size];
  if (typeof heads !== "number" || hiddenSize === undefined || Object.hasOwn(options, "head_size")) return sizes;
  return { ...sizes, head_size: divideDim(hiddenSize, heads) ?? 1 };
}

/** Reports heads that do not divide the units. False after the problem: no other size is checked. */
export function checkHeads(
  definition: ResolvedDefinition,
  sizes: Scope["sizes"],
  path: string,
  report: Report,
): boolean {
  const { options, state, parameters, equations } = definition;
  const [heads, hiddenSize] = [ownValue(options, "heads"), sizes.hidden_size];
  if (typeof heads !== "number" || hiddenSize === undefined || Object.hasOwn(options, "head_size")) return true;
  if (heads >= 1 && Number.isInteger(heads) && divideDim(hiddenSize, heads) !== undefined) return true;
  if (!/\bhead_size\b/.test(JSON.stringify([state, parameters, equations]))) return true;
  const message = `hidden_size ${hiddenSize} is not a multiple of heads ${heads}`;
  const hint = "Choose a hidden_size that is one, or another number of heads.";
  report({ code: "size", path: `${path}/options/heads`, message, hint });
  return false;
}

/**
 * The dim of a size expression; undefined after a problem, which is reported at `path`.
 *
 * @param minimum the smallest valid size; 0 for the bounds of a slice.
 */
export function resolveSize(
  size: SizeExpression,
  names: ReadonlyMap<string, Dim>,
  path: string,
  report: Report,
  minimum = 1,
): Dim | undefined {
  const fail = (problem: EquationProblem): undefined => {
    report({ ...problem, path });
  };
  let dim: Dim | undefined;
  if (typeof size === "number") {
    dim = size;
  } else {
    const parsed = parseExpression(size);
    if (!parsed.ok) return fail({ ...parsed.problem, code: "size-syntax" });
    dim = evaluateSize(parsed.expression, names, fail);
  }
  if (typeof dim !== "number" || (Number.isInteger(dim) && dim >= minimum && dim <= maxSize)) return dim;
  report({
    code: "size",
    path,
    message: String(size).trim() === `${dim}` ? `${dim} is not a size` : `${size} is ${dim}, which is not a size`,
    hint: `A size is an integer from ${minimum} to ${maxSize}.`,
    ...(typeof size === "string" && { offset: 0 }),
  });
  return undefined;
}

function evaluateSize(
  expression: Expression,
  names: ReadonlyMap<string, Dim>,
  fail: (problem: EquationProblem) => undefined,
): Dim | undefined {
  const evaluate = (node: Expression): Dim | undefined => {
    switch (node.kind) {
      case "number":
        return node.value;
      case "name": {
        const dim = names.get(node.name);
        if (dim !== undefined) return dim;
        return fail({
          code: "unknown-size",
          message: `unknown size ${quote(node.name)}`,
          hint: suggestion(node.name, [...names.keys()], "Sizes"),
          offset: node.offset,
        });
      }
      case "negate": {
        const operand = evaluate(node.operand);
        return operand === undefined ? undefined : mulDims(-1, operand);
      }
      case "call":
        return fail({
          code: "size-syntax",
          message: `${node.function}(…) is not allowed in a size`,
          hint: "Use + - * and / only.",
          offset: node.offset,
        });
      case "binary": {
        const left = evaluate(node.left);
        const right = evaluate(node.right);
        if (left === undefined || right === undefined) return undefined;
        switch (node.operator) {
          case "+":
            return addDims(left, right);
          case "-":
            return subDims(left, right);
          case "*":
            return mulDims(left, right);
          case "/": {
            const quotient = divideDim(left, right);
            if (quotient !== undefined) return quotient;
            const message = `${left} is not a multiple of ${right}`;
            return fail({ code: "size", message, offset: node.operatorOffset });
          }
          default:
            return fail({
              code: "size-syntax",
              message: `"${node.operator}" is not allowed in a size`,
              hint: "Use + - * and / only.",
              offset: node.operatorOffset,
            });
        }
      }
    }
  };
  return evaluate(expression);
}

/** The declared shapes of a definition, evaluated. */
export interface DeclaredShapes {
  /** The size of each input in addition to x. */
  readonly inputs: Readonly<Record<string, Dim>>;
  /** The axes of each state, without the batch. */
  readonly states: Readonly<Record<string, Shape>>;
  readonly parameters: Readonly<Record<string, Shape>>;
}

/** Evaluates the declared shapes; undefined after a problem. `path` is the JSON pointer of the definition. */
export function declaredShapes(
  definition: ResolvedDefinition,
  sizes: Scope["sizes"],
  path: string,
  report: Report,
): DeclaredShapes | undefined {
  const { isComplete, shapes } = validShapes(definition, sizes, path, report);
  return isComplete ? shapes : undefined;
}

/** The declared shapes without a problem. The problems of the others are reported. */
export function validShapes(
  definition: ResolvedDefinition,
  sizes: Scope["sizes"],
  path: string,
  report: Report,
): { readonly isComplete: boolean; readonly shapes: DeclaredShapes } {
  if (!checkHeads(definition, sizes, path, report))
    return { isComplete: false, shapes: { inputs: {}, states: {}, parameters: {} } };
  const names = sizeNames(definition, sizes);
  const options = numericOptions(definition);
  /** A size that is the value of an option is a mistake of the option. */
  const placeOf = (size: SizeExpression, pointer: string) =>
    path + (typeof size === "string" && options.has(size) ? child("/options", size) : pointer);
  const isDefined = <T>(value: T | undefined): value is T => value !== undefined;
  const resolve = (
    declared: Readonly<Record<string, readonly SizeExpression[]>>,
    pointerOf: (name: string, axis: number) => string,
  ) => {
    const shapes = Object.entries(declared).flatMap(([name, shape]) => {
      const dims = shape.map((size, axis) => resolveSize(size, names, placeOf(size, pointerOf(name, axis)), report));
      return dims.every(isDefined) ? [[name, dims] as const] : [];
    });
    return { isComplete: shapes.length === Object.keys(declared).length, shapes: Object.fromEntries(shapes) };
  };
  const { pointers } = definition;
  const states = resolve(definition.state, (name, axis) => String(ownValue(pointers.stateAxes, name)?.[axis]));
  const inputAxes = Object.fromEntries(Object.entries(definition.inputs).map(([name, size]) => [name, [size]]));
  const inputs = resolve(inputAxes, (name) => child("/inputs", name));
  const parameters = resolve(definition.parameters, (name, axis) => `${ownValue(pointers.parameters, name)}/${axis}`);
  return {
    isComplete: inputs.isComplete && states.isComplete && parameters.isComplete,
    shapes: {
      inputs: Object.fromEntries(Object.entries(inputs.shapes).map(([name, [size = 1]]) => [name, size])),
      states: states.shapes,
      parameters: parameters.shapes,
    },
  };
}
