/** Checks of the calls in an equation that need no shapes: function names, argument counts, uses of `split`. */
import { quote, suggestion } from "../../../schema/diagnostics/suggest.js";
import { at } from "../../ir/expect.js";
import { isCallable } from "../functions/time.js";
import { type CallExpression, type Expression, visit } from "../parse/expression.js";
import { expressionForSynonym } from "../parse/synonyms.js";
import type { EquationProblem } from "../parse/tokens.js";
import { functionOf, type ResolvedDefinition } from "../resolve.js";

/** The targets of an equation. */
type Targets = readonly { readonly offset: number }[];

export interface CallCheck {
  readonly problems: readonly EquationProblem[];
  /** The calls with a problem, which have no type. */
  readonly invalidCalls: ReadonlySet<Expression>;
}

/** Checks the calls in one equation's right side. `split` is the only function with several results. */
export function checkCalls(value: Expression, targets: Targets, definition: ResolvedDefinition): CallCheck {
  const problems: EquationProblem[] = [];
  const invalidCalls = new Set<Expression>();
  visit(value, (node) => {
    if (node.kind !== "call") return;
    const problem = checkCall(node, node === value ? targets : undefined, definition);
    if (problem === undefined) return;
    problems.push(problem);
    invalidCalls.add(node);
  });
  const second = targets[1];
  const isSplit = value.kind === "call" && value.function === "split";
  if (second !== undefined && !isSplit) {
    const hint = `Write "… = split(e, ${targets.length})".`;
    problems.push({ code: "split", message: "only split has several results", hint, offset: second.offset });
  }
  return { problems, invalidCalls };
}

/** @param targets those of the equation where the call is its whole right side, else undefined. */
function checkCall(
  call: CallExpression,
  targets: Targets | undefined,
  definition: ResolvedDefinition,
): EquationProblem | undefined {
  const { offset } = call;
  const called = functionOf(definition, call.function);
  if (called === undefined) {
    const names = definition.functions.names.filter((name) => isCallable(name, definition.kind));
    const meant = expressionForSynonym(call.function);
    const hint = meant === undefined ? suggestion(call.function, names, "Functions") : `Write ${meant}.`;
    return { code: "unknown-function", message: `unknown function ${quote(call.function)}`, hint, offset };
  }
  const [minimum, maximum] = called.arity;
  const argumentCount = call.arguments.length;
  if (argumentCount < minimum || argumentCount > maximum) {
    const limit = maximum === minimum ? "" : maximum === minimum + 1 ? ` or ${maximum}` : upTo(maximum);
    const expected = `${minimum}${limit} argument${maximum === 1 ? "" : "s"}`;
    const message = `${call.function} takes ${expected}, not ${argumentCount}`;
    // The axis is not optional in the equations of optimizers.
    const isAxisMissing = minimum === 2 && argumentCount === 1 && called.notation.endsWith("(a, axis)");
    const whole = `${call.function}_all`;
    const alternative = definition.functions.get(whole) === undefined ? "" : `, or ${whole} for all entries`;
    const hint = isAxisMissing ? `Name the axis: -1 for the last one${alternative}.` : `Write ${called.notation}.`;
    const largest = { max: "amax(a)", min: "-amax(-a)" }[call.function];
    if (largest !== undefined && argumentCount === 1) {
      const entry = `Write ${call.function}(a, b) of two values, or ${largest} for the entry of an axis.`;
      return { code: "argument-count", message, offset, hint: entry };
    }
    return { code: "argument-count", message, offset, hint };
  }
  const formula = formulaProblem(call, called.hasFormula === true);
  if (formula !== undefined) return formula;
  if (!isCallable(call.function, definition.kind)) {
    const isCell = definition.kind === "cell";
    const message = `${call.function} reads earlier time steps, which only the equations of a layer can`;
    const hint = isCell ? `Keep them in a state: "h' = x", and read h.` : "Call it in the equations of a layer.";
    return { code: "unknown-function", message, hint, offset };
  }
  if (call.function === "layer_norm") return checkPartCount(call, '"layer_norm(e, 4)"', 1);
  return call.function === "split" ? checkSplit(call, targets) : undefined;
}

const upTo = (maximum: number) => (Number.isFinite(maximum) ? ` to ${maximum}` : " or more");

function formulaProblem(
  { function: name, formula, offset }: CallExpression,
  hasFormula: boolean,
): EquationProblem | undefined {
  if (hasFormula === (formula !== undefined)) return undefined;
  const message = hasFormula ? `${name} has no formula` : `${name} has no formula, but text as its first argument`;
  const hint = hasFormula ? `Write it first: ${name}("ij,j->i", a, b).` : "Remove the text.";
  return { code: "argument", message, hint, offset };
}

/** The problem of the second argument of a call, a number of equal parts. */
function checkPartCount(
  { function: name, arguments: [, count] }: CallExpression,
  use: string,
  minimum = 2,
): EquationProblem | undefined {
  if (count === undefined || (count.kind === "number" && Number.isInteger(count.value) && count.value >= minimum)) {
    return undefined;
  }
  const message = `the second argument of ${name} must be an integer of at least ${minimum}`;
  return { code: "argument", message, hint: `Write the number of equal parts: ${use}.`, offset: count.offset };
}

function checkSplit(call: CallExpression, targets: Targets | undefined): EquationProblem | undefined {
  const {
    arguments: [, count],
    offset,
  } = call;
  const problem = checkPartCount(call, '"a, b = split(e, 2)"');
  if (problem !== undefined || count?.kind !== "number") return problem;
  const parts = count.value;
  if (targets === undefined) {
    const hint = 'Name its results in a separate equation: "a, b = split(e, 2)".';
    return { code: "split", message: "split must be the whole right side of an equation", hint, offset };
  }
  if (parts === targets.length) return undefined;
  const names = targets.length === 1 ? "1 name" : `${targets.length} names`;
  return {
    code: "split",
    message: `split has ${parts} results, and the equation sets ${names}`,
    offset: at(targets, 0).offset,
  };
}
