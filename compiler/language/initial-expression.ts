/** Initial values as expressions: arithmetic over options, sizes, the position along the last axis and random numbers. */
import { quote, suggestion } from "../../schema/diagnostics/suggest.js";
import type { DrawnInitializer, InitialExpression } from "../artifact.js";
import { at } from "../ir/expect.js";
import type { Dim } from "../ir/types.js";
import { type CallExpression, type Expression, parseExpression } from "./parse/expression.js";
import type { EquationProblem } from "./parse/tokens.js";
import { ownValue } from "./resolve.js";

/** The name of the position along the last axis, from 0. */
const INDEX = "index";

/** Functions of numbers, with the numbers' own arithmetic. */
const functions: Readonly<Record<string, (a: number) => number>> = {
  exp: Math.exp,
  log: Math.log,
  sqrt: Math.sqrt,
  negate: (a) => -a,
};
const operators: Readonly<Record<string, (a: number, b: number) => number>> = {
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  "/": (a, b) => a / b,
  "^": (a, b) => a ** b,
  min: Math.min,
  max: Math.max,
};
const distributions = ["uniform", "normal"];
const callable = ["exp", "log", "sqrt", "min", "max", ...distributions];

export type ParsedInitialValue =
  | { readonly ok: true; readonly initializer: DrawnInitializer }
  | { readonly ok: false; readonly problem: EquationProblem };

class Failure extends Error {
  constructor(readonly problem: EquationProblem) {
    super(problem.message);
  }
}

/**
 * The initializer of an expression: a constant, or an expression of the position and of random numbers. A size that
 * depends on the data is read as any number.
 */
export function initialValue(text: string, names: ReadonlyMap<string, Dim>): ParsedInitialValue {
  const parsed = parseExpression(text);
  if (!parsed.ok) return parsed;
  try {
    const expression = convert(parsed.expression, names);
    if (typeof expression === "number" && !Number.isFinite(expression))
      return { ok: false, problem: { code: "initializer", message: `${text} is not a finite number`, offset: 0 } };
    const initializer: DrawnInitializer =
      typeof expression === "number" ? { type: "constant", value: expression } : { type: "expression", expression };
    return { ok: true, initializer };
  } catch (error) {
    if (error instanceof Failure) return { ok: false, problem: error.problem };
    throw error;
  }
}

function convert(node: Expression, names: ReadonlyMap<string, Dim>): InitialExpression {
  switch (node.kind) {
    case "number":
      return node.value;
    case "name": {
      if (node.name === INDEX) return { op: "index" };
      const value = names.get(node.name);
      if (value !== undefined) return typeof value === "number" ? value : 2;
      const hint = suggestion(node.name, [INDEX, ...names.keys()], "Names");
      throw new Failure({
        code: "unknown-name",
        message: `unknown name ${quote(node.name)}`,
        hint,
        offset: node.offset,
      });
    }
    case "negate":
      return apply("negate", [convert(node.operand, names)]);
    case "binary": {
      if (ownValue(operators, node.operator) !== undefined)
        return apply(node.operator, [convert(node.left, names), convert(node.right, names)]);
      const message = `"${node.operator}" is not allowed in an initial value`;
      throw new Failure({ code: "initializer", message, hint: "Use + - * / and ^ only.", offset: node.operatorOffset });
    }
    case "call":
      return convertCall(node, names);
  }
}

function convertCall(call: CallExpression, names: ReadonlyMap<string, Dim>): InitialExpression {
  const { function: name, offset } = call;
  const fail = (code: string, message: string, hint: string) => new Failure({ code, message, hint, offset });
  if (!callable.includes(name)) {
    const hint = suggestion(name, callable, "Functions of initial values");
    throw fail("unknown-function", `unknown function ${quote(name)}`, hint);
  }
  const count = ownValue(functions, name) === undefined ? 2 : 1;
  const args = call.arguments.map((argument) => convert(argument, names));
  if (args.length !== count) {
    const message = `${name} takes ${count} argument${count === 1 ? "" : "s"}, not ${args.length}`;
    throw fail("argument-count", message, "");
  }
  if (!distributions.includes(name)) return apply(name, args);
  const [a, b] = args;
  if (typeof a !== "number" || typeof b !== "number")
    throw fail("initializer", `the arguments of ${name} must be numbers`, `Write "${INDEX}" outside of the call.`);
  return { op: name as "uniform" | "normal", a, b };
}

/** The value of numbers, or the expression. */
function apply(op: string, args: readonly InitialExpression[]): InitialExpression {
  const numbers = args.filter((arg) => typeof arg === "number");
  if (numbers.length < args.length) return { op: op as "+", args };
  const [a, b] = [at(numbers, 0), numbers[1]];
  return b === undefined ? at([functions[op]?.(a) ?? 0], 0) : (operators[op]?.(a, b) ?? 0);
}
