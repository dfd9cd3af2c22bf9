/** The equations of a cell as assignments in order, with checks of names: each is set once, before it is read. */
import type { Report } from "../../../schema/diagnostics/index.js";
import { quote, suggestion } from "../../../schema/diagnostics/suggest.js";
import { at } from "../../ir/expect.js";
import { checkCalls } from "../check/calls.js";
import { isFunction } from "../functions.js";
import { numericOptions, type ResolvedCell } from "../resolve-cell.js";
import { type Expression, type NameExpression, parseTokens, visit } from "./expression.js";
import { type EquationProblem, leftSide, syntaxProblem, type Target, targetsIn, tokenize } from "./tokens.js";

/** One equation. Several targets are the results of a `split`, in order. */
export interface Assignment extends ParsedEquation {
  readonly value: Expression;
}

/** An equation as far as it could be parsed. */
export interface ParsedEquation {
  /** The text of the equation, for all offsets, and its JSON pointer. */
  readonly source: string;
  readonly path: string;
  readonly targets: readonly Target[];
  /** Undefined after a syntax error in the right side. */
  readonly value: Expression | undefined;
  /** The calls of the right side that have a problem. */
  readonly invalidCalls: ReadonlySet<Expression>;
}

export interface ParsedEquations {
  readonly equations: readonly ParsedEquation[];
  /** Of a sound cell: every name is set once, before it is read, and every state has a next value. */
  readonly assignments: readonly Assignment[] | undefined;
}

/** Parses the equations of a cell at `path` and reports all problems except those of shapes. */
export function parseEquations(cell: ResolvedCell, path: string, report: Report): ParsedEquations {
  let isSound = true;
  const fail: Report = (problem) => {
    isSound = false;
    report(problem);
  };
  const equations = cell.equations.map((source, index) => {
    const equationPath = path + cell.pointers.lines[index];
    return parseEquation(source, equationPath, (problem) => fail({ ...problem, path: equationPath }));
  });

  checkOrder(cell, equations, fail);
  const assigned = new Set(equations.flatMap(({ targets }) => targets.map(({ name }) => name)));
  for (const { name, pointer } of cell.missingTargets) {
    const message = `no equation sets ${quote(name)}, so this variant replaces nothing`;
    fail({
      code: "unknown-name",
      path: path + pointer,
      message,
      hint: suggestion(name, [...assigned], "Names"),
      atKey: true,
    });
  }
  for (const state of Object.keys(cell.state)) {
    if (assigned.has(`${state}'`)) continue;
    fail({
      code: "state-not-set",
      path: path + cell.pointers.equations,
      message: `no equation sets ${state}', the next value of the state ${state}`,
      hint: `Add one: "${state}' = …".`,
    });
  }
  if (!assigned.has(cell.output)) {
    fail({
      code: "unknown-name",
      path: path + cell.pointers.output,
      message: `the output ${quote(cell.output)} is not a name that an equation sets`,
      hint: suggestion(assigned.has(`${cell.output}'`) ? `${cell.output}'` : cell.output, [...assigned], "Names"),
    });
  }
  const complete = equations.filter((equation): equation is Assignment => equation.value !== undefined);
  return { equations, assignments: isSound ? complete : undefined };
}

/** Checks that every name is set once, before it is read, and is not declared. An unknown name is reported once. */
function checkOrder(cell: ResolvedCell, equations: readonly ParsedEquation[], report: Report): void {
  const declared = declaredNames(cell);
  const numbers = numericOptions(cell);
  const readableDeclarations = [...declared.keys()].filter(
    (name) => !Object.hasOwn(cell.options, name) || numbers.has(name),
  );
  const readable = new Set(readableDeclarations);
  const assignedAt = new Map<string, number>();
  for (const [index, { targets }] of equations.entries()) {
    for (const { name } of targets) if (!assignedAt.has(name)) assignedAt.set(name, index + 1);
  }
  const assigned = new Set<string>();
  const unknown = new Set<string>();
  for (const { path, targets, value } of equations) {
    const reportProblem = (problem: EquationProblem) => report({ ...problem, path });
    if (value !== undefined) {
      visit(value, (node) => {
        if (node.kind !== "name" || readable.has(node.name) || unknown.has(node.name)) return;
        if (!assignedAt.has(node.name)) unknown.add(node.name);
        reportProblem(unreadableProblem(node, { cell, assignedAt, readable: [...readable] }));
      });
    }
    for (const target of targets) {
      const problem = unsettableProblem(target, { cell, declared, assigned });
      if (problem !== undefined) reportProblem(problem);
      assigned.add(target.name);
      readable.add(target.name);
    }
  }
}

/** The declared names with their kinds. All may be read, except options that are not numbers. */
function declaredNames(cell: ResolvedCell): ReadonlyMap<string, string> {
  return new Map([
    ["x", "the cell's input"],
    ...Object.keys(cell.state).map((name) => [name, "a state"] as const),
    ...Object.keys(cell.parameters).map((name) => [name, "a parameter"] as const),
    ...Object.keys(cell.options).map((name) => [name, "an option"] as const),
  ]);
}

function parseEquation(
  source: string,
  path: string,
  reportProblem: (problem: EquationProblem) => void,
): ParsedEquation {
  const { tokens, problem } = tokenize(source);
  const left = leftSide(tokens);
  const targets = targetsIn(left ?? []);
  const incomplete = { source, path, targets, value: undefined, invalidCalls: new Set<Expression>() };
  const fail = (problem: EquationProblem) => {
    reportProblem(problem);
    return incomplete;
  };
  if (left === undefined)
    return fail(problem ?? syntaxProblem("an equation sets a name", 0, 'Write "name = expression".'));
  const unexpected = left.find((token, index) => (index % 2 === 0 ? token.kind !== "name" : token.text !== ","));
  if (unexpected !== undefined || left.length % 2 === 0) {
    const offset = (unexpected ?? at(tokens, left.length)).offset;
    return fail(syntaxProblem('the left side of "=" must be a name, or names separated by commas', offset));
  }
  if (problem !== undefined) return fail(problem);
  const parsed = parseTokens(tokens.slice(left.length + 1), source);
  if (!parsed.ok) return fail(parsed.problem);
  const { problems, invalidCalls } = checkCalls(parsed.expression, targets);
  for (const callProblem of problems) reportProblem(callProblem);
  return { source, path, targets, value: parsed.expression, invalidCalls };
}

/** The problem of a name that cannot be read at this position. */
function unreadableProblem(
  { name, offset }: NameExpression,
  {
    cell,
    assignedAt,
    readable,
  }: { cell: ResolvedCell; assignedAt: ReadonlyMap<string, number>; readable: readonly string[] },
): EquationProblem {
  const assignedBy = assignedAt.get(name);
  if (assignedBy !== undefined) {
    const message = `${quote(name)} is read before it is set`;
    return { code: "read-before-set", message, hint: `Equation ${assignedBy} sets it.`, offset };
  }
  const problem = { code: "unknown-name", message: `unknown name ${quote(name)}`, offset };
  if (isFunction(name)) return { ...problem, hint: `It is a function: write "${name}(…)".` };
  if (Object.hasOwn(cell.options, name)) {
    return { ...problem, hint: "The option of that name is not a number; only a variant can depend on it." };
  }
  if (name === "hidden_size" || name === "input_size") {
    return { ...problem, hint: "Sizes are for the shapes of states and parameters." };
  }
  return { ...problem, hint: suggestion(name, readable, "Names") };
}

/** The problem of a name that cannot be set, or undefined. */
function unsettableProblem(
  { name, offset }: Target,
  {
    cell,
    declared,
    assigned,
  }: { cell: ResolvedCell; declared: ReadonlyMap<string, string>; assigned: ReadonlySet<string> },
): EquationProblem | undefined {
  if (assigned.has(name))
    return { code: "name-taken", message: `${quote(name)} is set twice`, hint: "Use another name.", offset };
  const conflict = declared.get(name) ?? (isFunction(name) ? "a function" : undefined);
  if (conflict !== undefined) {
    const hint = conflict === "a state" ? `The next value of "${name}" is "${name}'".` : "Use another name.";
    return { code: "name-taken", message: `${quote(name)} is ${conflict}`, hint, offset };
  }
  const state = name.slice(0, -1);
  if (!name.endsWith("'") || Object.hasOwn(cell.state, state)) return undefined;
  const message = `${quote(name)} is the next value of ${quote(state)}, which is not a state`;
  const nextNames = Object.keys(cell.state).map((stateName) => `${stateName}'`);
  return { code: "unknown-name", message, hint: suggestion(name, nextNames, "Next states"), offset };
}
