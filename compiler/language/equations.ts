/** The equations of a cell as assignments in order: which names each sets, from names that are set by then. */
import type { Report } from "../../schema/diagnostics.js";
import { quote, suggestion } from "../../schema/wording.js";
import { at } from "../ir/present.js";
import { callFaults } from "./calls.js";
import { numericOptions, type ResolvedCell } from "./cell.js";
import { type Expression, type NameExpression, parseTokens, visit } from "./expression.js";
import { isFunction } from "./functions.js";
import { leftSide, type Target, targetsIn } from "./targets.js";
import { type Fault, syntaxFault, tokenize } from "./tokens.js";

/** One equation. Several targets take the equal parts of a `split`, in order. */
export interface Assignment {
  /** The equation as written, which all offsets count into, and its place. */
  readonly source: string;
  readonly path: string;
  readonly targets: readonly Target[];
  readonly value: Expression;
}

/**
 * Reads the equations of a cell at `path` and reports all that is wrong with them save shapes. Undefined when anything was:
 * otherwise every name is set once, before it is read, and every state has a next value.
 */
export function readEquations(cell: ResolvedCell, path: string, report: Report): readonly Assignment[] | undefined {
  let sound = true;
  const fail: Report = (problem) => {
    sound = false;
    report(problem);
  };
  const equations = cell.equations.map((source, index) => {
    const at = path + cell.written.lines[index];
    return readEquation(source, at, (fault) => fail({ ...fault, path: at }));
  });

  checkOrder(cell, equations, fail);
  const set = new Set(equations.flatMap(({ targets }) => targets.map(({ name }) => name)));
  for (const { name, place } of cell.unreplaced) {
    const message = `no equation sets ${quote(name)}, so there is none to replace`;
    fail({ code: "unknown-name", path: path + place, message, hint: suggestion(name, [...set], "Names"), atKey: true });
  }
  for (const state of Object.keys(cell.state)) {
    if (set.has(`${state}'`)) continue;
    fail({
      code: "state-not-set",
      path: path + cell.written.equations,
      message: `no equation sets ${state}', the next value of the state ${state}`,
      hint: `Add one: "${state}' = …".`,
    });
  }
  if (!set.has(cell.output)) {
    fail({
      code: "unknown-name",
      path: path + cell.written.output,
      message: `the output ${quote(cell.output)} is not a name that an equation sets`,
      hint: suggestion(set.has(`${cell.output}'`) ? `${cell.output}'` : cell.output, [...set], "Names"),
    });
  }
  const whole = equations.filter((equation): equation is Assignment => equation.value !== undefined);
  return sound ? whole : undefined;
}

/** Every name is set once, before it is read, and stands for nothing else. An unknown name is reported where it is first met. */
function checkOrder(cell: ResolvedCell, equations: readonly Partial[], report: Report): void {
  const given = givenNames(cell);
  const numbers = numericOptions(cell);
  const givenReadable = [...given.keys()].filter((name) => !Object.hasOwn(cell.options, name) || numbers.has(name));
  const readable = new Set(givenReadable);
  const later = new Map<string, number>();
  for (const [index, { targets }] of equations.entries()) {
    for (const { name } of targets) if (!later.has(name)) later.set(name, index + 1);
  }
  const set = new Set<string>();
  const unknown = new Set<string>();
  for (const { path, targets, value } of equations) {
    const complain = (fault: Fault) => report({ ...fault, path });
    if (value !== undefined) {
      visit(value, (part) => {
        if (part.kind !== "name" || readable.has(part.name) || unknown.has(part.name)) return;
        if (!later.has(part.name)) unknown.add(part.name);
        complain(unreadable(part, { cell, later, readable: [...readable] }));
      });
    }
    for (const target of targets) {
      const fault = unsettable(target, { cell, given, set });
      if (fault !== undefined) complain(fault);
      set.add(target.name);
      readable.add(target.name);
    }
  }
}

/** What is not set by the equations, and what it is. All but the options that are not numbers may be read. */
function givenNames(cell: ResolvedCell): ReadonlyMap<string, string> {
  return new Map([
    ["x", "the cell's input"],
    ...Object.keys(cell.state).map((name) => [name, "a state"] as const),
    ...Object.keys(cell.parameters).map((name) => [name, "a parameter"] as const),
    ...Object.keys(cell.options).map((name) => [name, "an option"] as const),
  ]);
}

/** An equation read as far as it can be: without a value where its right side is no expression. */
type Partial = Omit<Assignment, "value"> & { readonly value: Expression | undefined };

function readEquation(source: string, path: string, complain: (fault: Fault) => void): Partial {
  const { tokens, fault } = tokenize(source);
  const left = leftSide(tokens);
  const targets = targetsIn(left ?? []);
  const broken = { source, path, targets, value: undefined };
  const fail = (fault: Fault) => {
    complain(fault);
    return broken;
  };
  if (left === undefined) return fail(fault ?? syntaxFault("an equation sets a name", 0, 'Write "name = expression".'));
  const odd = left.find((token, index) => (index % 2 === 0 ? token.kind !== "name" : token.text !== ","));
  if (odd !== undefined || left.length % 2 === 0) {
    const offset = (odd ?? at(tokens, left.length)).offset;
    return fail(syntaxFault('left of "=" stands a name, or names with commas between them', offset));
  }
  if (fault !== undefined) return fail(fault);
  const parsed = parseTokens(tokens.slice(left.length + 1), source);
  if (!parsed.ok) return fail(parsed.fault);
  for (const wrong of callFaults(parsed.expression, targets)) {
    complain(wrong);
  }
  return { source, path, targets, value: parsed.expression };
}

/** Why a name cannot be read where it stands. */
function unreadable(
  { name, offset }: NameExpression,
  { cell, later, readable }: { cell: ResolvedCell; later: ReadonlyMap<string, number>; readable: readonly string[] },
): Fault {
  const setBy = later.get(name);
  if (setBy !== undefined) {
    const message = `${quote(name)} is read before it is set`;
    return { code: "read-before-set", message, hint: `Equation ${setBy} sets it.`, offset };
  }
  const fault = { code: "unknown-name", message: `unknown name ${quote(name)}`, offset };
  if (isFunction(name)) return { ...fault, hint: `It is a function: write "${name}(…)".` };
  if (Object.hasOwn(cell.options, name)) {
    return { ...fault, hint: "The option of that name is not a number; only a variant can depend on it." };
  }
  if (name === "hidden_size" || name === "input_size") {
    return { ...fault, hint: "Sizes are for the shapes of states and parameters." };
  }
  return { ...fault, hint: suggestion(name, readable, "Names") };
}

/** Why a name cannot be set, or undefined where it can. */
function unsettable(
  { name, offset }: Target,
  { cell, given, set }: { cell: ResolvedCell; given: ReadonlyMap<string, string>; set: ReadonlySet<string> },
): Fault | undefined {
  if (set.has(name))
    return { code: "name-taken", message: `${quote(name)} is set twice`, hint: "Use another name.", offset };
  const taken = given.get(name) ?? (isFunction(name) ? "a function" : undefined);
  if (taken !== undefined) {
    const hint = taken === "a state" ? `The next value of "${name}" is "${name}'".` : "Use another name.";
    return { code: "name-taken", message: `${quote(name)} is ${taken}`, hint, offset };
  }
  const state = name.slice(0, -1);
  if (!name.endsWith("'") || Object.hasOwn(cell.state, state)) return undefined;
  const message = `${quote(name)} is the next value of ${quote(state)}, which is not a state`;
  const nexts = Object.keys(cell.state).map((known) => `${known}'`);
  return { code: "unknown-name", message, hint: suggestion(name, nexts, "Next states"), offset };
}
