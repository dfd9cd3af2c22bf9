/** Equations as assignments in order, with checks of names: each is set once, before it is read. */
import { observeReport, type Report } from "../../../schema/diagnostics/index.js";
import { nearest, quote, suggestion } from "../../../schema/diagnostics/suggest.js";
import { at } from "../../ir/expect.js";
import { checkCalls } from "../check/calls.js";
import { isFunctionName } from "../functions/time.js";
import { functionOf, numericOptions, type ResolvedDefinition, stateNoun } from "../resolve.js";
import type { Scope } from "../scope.js";
import { allSizes } from "../size-expression.js";
import { type Expression, type NameExpression, parseTokens, visit } from "./expression.js";
import { nameForSynonym } from "./synonyms.js";
import {
  type EquationProblem,
  leftSide,
  syntaxProblem,
  type Target,
  type Token,
  targetsIn,
  tokenize,
} from "./tokens.js";

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
  /** Of a sound definition: every name is set once, before it is read, and every state has a next value. */
  readonly assignments: readonly Assignment[] | undefined;
}

/** The names of a scope: those of its inputs, and those of its sizes. */
export type ScopeNames = Pick<Scope, "sizes"> & { readonly inputs: Readonly<Record<string, unknown>> };

/** Parses the equations of a definition at `path` and reports all problems except those of shapes. */
export function parseEquations(
  definition: ResolvedDefinition,
  scope: ScopeNames,
  path: string,
  report: Report,
): ParsedEquations {
  const { report: fail, isSound } = observeReport(report);
  const equations = definition.equations.map((source, index) => {
    const equationPath = path + definition.pointers.lines[index];
    return parseEquation(source, equationPath, definition, (problem) => fail({ ...problem, path: equationPath }));
  });

  checkOrder(definition, scope, equations, fail);
  const assigned = new Set(equations.flatMap(({ targets }) => targets.map(({ name }) => name)));
  for (const { name, pointer } of definition.missingTargets) {
    const message = `no equation sets ${quote(name)}, so this variant replaces nothing`;
    fail({
      code: "unknown-name",
      path: path + pointer,
      message,
      hint: suggestion(name, [...assigned], "Names"),
      atKey: true,
    });
  }
  for (const state of Object.keys(definition.state)) {
    if (assigned.has(`${state}'`)) continue;
    fail({
      code: "state-not-set",
      path: path + definition.pointers.equations,
      message: `no equation sets ${state}', the next value of the ${stateNoun(definition.kind, state)} ${state}`,
      hint: `Add one: "${state}' = …".`,
    });
  }
  const { output } = definition;
  if (["schedule", "loss", "metric"].includes(definition.kind) && !assigned.has(output)) {
    const message = `no equation sets ${output}, the result of the ${definition.kind}`;
    const [only, ...others] = assigned;
    const misnamed = nearest(output, [...assigned]) ?? (others.length === 0 ? only : undefined);
    const hint = misnamed === undefined ? `Add one: "${output} = …".` : `Name it "${output}", not ${quote(misnamed)}.`;
    fail({ code: "unknown-name", path: path + definition.pointers.equations, message, hint });
    // The output of an optimizer is a next state.
  } else if (definition.kind !== "optimizer" && !assigned.has(output)) {
    const last = [...assigned].at(-1);
    const closest = suggestion(assigned.has(`${output}'`) ? `${output}'` : output, [...assigned], "Names");
    // Only cells have no default.
    const isDefault = definition.kind !== "cell" && output === "y" && last !== undefined;
    fail({
      code: "unknown-name",
      path: path + definition.pointers.output,
      message: `the output ${quote(output)} is not a name that an equation sets`,
      hint: isDefault ? `Set y, or write "output": "${last}".` : closest,
    });
  }
  const complete = equations.filter((equation): equation is Assignment => equation.value !== undefined);
  return { equations, assignments: isSound() ? complete : undefined };
}

/** Checks that every name is set once, before it is read, and is not declared. An unknown name is reported once. */
function checkOrder(
  definition: ResolvedDefinition,
  scope: ScopeNames,
  equations: readonly ParsedEquation[],
  report: Report,
): void {
  const declared = declaredNames(definition, scope);
  const numbers = numericOptions(definition);
  const readableDeclarations = [...declared.keys()].filter(
    (name) => declared.get(name) !== option || numbers.has(name),
  );
  const readable = new Set(readableDeclarations);
  const sizes = readableDeclarations.filter((name) => declared.get(name) === size);
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
        const isNearSize = nearest(node.name, sizes) !== undefined;
        const suggested = isNearSize ? sizes : [...readable].filter((name) => !sizes.includes(name));
        reportProblem(unreadableProblem(node, { definition, assignedAt, readable: suggested }));
      });
    }
    for (const target of targets) {
      const problem = unsettableProblem(target, { definition, declared, assigned });
      if (problem !== undefined) reportProblem(problem);
      assigned.add(target.name);
      readable.add(target.name);
    }
  }
}

const size = "a size";
const option = "an option";

const withArticle = (noun: string) => `${noun === "parameter" ? "the" : "a"} ${noun}`;

/** The declared names with their kinds. All may be read, except options that are not numbers. */
function declaredNames(definition: ResolvedDefinition, { inputs, sizes }: ScopeNames): ReadonlyMap<string, string> {
  const { kind, inputs: moreInputs, state, parameters, options } = definition;
  return new Map([
    ...Object.keys(allSizes(definition, sizes)).map((name) => [name, size] as const),
    ...Object.keys(inputs).map((name) => [name, `the ${kind}'s input`] as const),
    ...Object.keys(moreInputs).map((name) => [name, "an input"] as const),
    ...Object.keys(state).map((name) => [name, withArticle(stateNoun(kind, name))] as const),
    ...Object.keys(parameters).map((name) => [name, "a parameter"] as const),
    // An option that is true or false may have the name of a parameter.
    ...Object.keys(options).flatMap((name) => (Object.hasOwn(parameters, name) ? [] : [[name, option] as const])),
  ]);
}

function parseEquation(
  source: string,
  path: string,
  definition: ResolvedDefinition,
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
  if (left === undefined) return fail(problem ?? syntaxProblem("an equation sets a name", 0, settingHint(tokens)));
  const unexpected = left.find((token, index) => (index % 2 === 0 ? token.kind !== "name" : token.text !== ","));
  if (unexpected !== undefined || left.length % 2 === 0) {
    const offset = (unexpected ?? at(tokens, left.length)).offset;
    const hint =
      unexpected?.kind === "operator" ? "A name is set once: write the whole sum under a new one." : undefined;
    return fail(syntaxProblem('the left side of "=" must be a name, or names separated by commas', offset, hint));
  }
  if (problem !== undefined) return fail(problem);
  const parsed = parseTokens(tokens.slice(left.length + 1), source);
  if (!parsed.ok) return fail(parsed.problem);
  const { problems, invalidCalls } = checkCalls(parsed.expression, targets, definition);
  for (const callProblem of problems) reportProblem(callProblem);
  return { source, path, targets, value: parsed.expression, invalidCalls };
}

function settingHint(tokens: readonly Token[]): string {
  return tokens.some(({ text }) => text === "==") ? 'To set a name, write one "=".' : 'Write "name = expression".';
}

/** The problem of a name that cannot be read at this position. */
function unreadableProblem(
  { name, offset }: NameExpression,
  {
    definition,
    assignedAt,
    readable,
  }: {
    readonly definition: ResolvedDefinition;
    readonly assignedAt: ReadonlyMap<string, number>;
    readonly readable: readonly string[];
  },
): EquationProblem {
  const assignedBy = assignedAt.get(name);
  if (assignedBy !== undefined) {
    const message = `${quote(name)} is read before it is set`;
    return { code: "read-before-set", message, hint: `Equation ${assignedBy} sets it.`, offset };
  }
  const problem = { code: "unknown-name", message: `unknown name ${quote(name)}`, offset };
  if (functionOf(definition, name) !== undefined) {
    return { ...problem, hint: `It is a function: write "${name}(…)".` };
  }
  if (Object.hasOwn(definition.options, name)) {
    return { ...problem, hint: "The option of that name is not a number; only a variant can depend on it." };
  }
  const meant = nameForSynonym(name, definition.kind);
  if (meant !== undefined) return { ...problem, hint: `Write ${quote(meant)}.` };
  const isNear = nearest(name, readable) !== undefined;
  const hint = suggestion(name, readable, "Names");
  return {
    ...problem,
    hint: isNear ? hint : [hint, declarationHint(definition)].filter((text) => text !== "").join(" "),
  };
}

/** The place of names of one's own, for a definition that declares none. */
function declarationHint({ kind, options, parameters }: ResolvedDefinition): string {
  if (Object.keys(options).length + Object.keys(parameters).length > 0) return "";
  return kind === "layer" || kind === "cell"
    ? 'Tensors that are trained are declared in "parameters", numbers in "options".'
    : 'Numbers are declared in "options".';
}

/** The problem of a name that cannot be set, or undefined. */
function unsettableProblem(
  { name, offset }: Target,
  {
    definition,
    declared,
    assigned,
  }: { definition: ResolvedDefinition; declared: ReadonlyMap<string, string>; assigned: ReadonlySet<string> },
): EquationProblem | undefined {
  const { kind, state: states } = definition;
  if (assigned.has(name))
    return { code: "name-taken", message: `${quote(name)} is set twice`, hint: "Use another name.", offset };
  const conflict = declared.get(name) ?? (isFunctionName(name, definition) ? "a function" : undefined);
  if (conflict !== undefined) {
    const hint = Object.hasOwn(states, name) ? `The next value of "${name}" is "${name}'".` : "Use another name.";
    return { code: "name-taken", message: `${quote(name)} is ${conflict}`, hint, offset };
  }
  const state = name.slice(0, -1);
  if (!name.endsWith("'") || Object.hasOwn(states, state)) return undefined;
  const message = `${quote(name)} is the next value of ${quote(state)}, which is not ${withArticle(kind === "optimizer" ? "slot" : "state")}`;
  const nextNames = Object.keys(states).map((stateName) => `${stateName}'`);
  const key = kind === "optimizer" ? "slots" : "state";
  const alternative = state.endsWith("'") ? "" : ` Or add ${quote(state)} to "${key}".`;
  const hint =
    nextNames.length === 0 ? "Only cells have states." : suggestion(name, nextNames, "Next states") + alternative;
  return { code: "unknown-name", message, hint, offset };
}
