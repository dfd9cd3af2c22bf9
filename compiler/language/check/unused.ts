/** Checks for parameters, options, inputs and equations without an effect. */
import type { Report } from "../../../schema/diagnostics/index.js";
import { quote } from "../../../schema/diagnostics/suggest.js";
import { child } from "../../../schema/json-pointer.js";
import type { SizeExpression } from "../../../schema/normal/index.js";
import type { Assignment } from "../parse/equations.js";
import { parseExpression, visit } from "../parse/expression.js";
import { type DefinitionKind, ownValue, type ResolvedDefinition, type VariedOptions } from "../resolve.js";

/** A definition under one combination of its options. */
interface OptionCombination {
  readonly resolved: ResolvedDefinition;
  readonly equations: readonly Assignment[];
}

/**
 * Reports parameters, options, inputs and equations without an effect. True without one.
 *
 * @param optionCombinations the definition under each combination of options: a name that one of them reads is used.
 */
export function checkUnused(
  definition: VariedOptions,
  optionCombinations: readonly OptionCombination[],
  path: string,
  report: Report,
): boolean {
  const equationNames = new Set(optionCombinations.flatMap(({ equations }) => equations.flatMap(namesIn)));
  const declarationNames = new Set(optionCombinations.flatMap(({ resolved }) => namesInDeclarations(resolved)));
  const reported = new Set<string>();
  for (const { resolved } of optionCombinations) {
    for (const name of Object.keys(resolved.parameters)) {
      if (equationNames.has(name) || reported.has(name)) continue;
      reported.add(name);
      report({
        code: "unused-parameter",
        path: `${path}${ownValue(resolved.pointers.parameters, name)}`,
        message: `no equation reads the parameter ${quote(name)}`,
        hint: "Remove it, or read it in an equation.",
        atKey: true,
      });
    }
  }
  const reportUnused = (names: readonly string[], key: string, code: string, message: string, hint: string) => {
    for (const name of names)
      report({ code, path: child(`${path}/${key}`, name), message: `${message} ${quote(name)}`, hint, atKey: true });
  };
  const unusedInputs = Object.keys(definition.inputs ?? {}).filter((name) => !equationNames.has(name));
  const inputHint = "Remove it, or read it in an equation.";
  reportUnused(unusedInputs, "inputs", "unused-input", "no equation reads the input", inputHint);
  const unusedOptions = Object.keys(definition.options).filter(
    (name) => !equationNames.has(name) && !declarationNames.has(name) && !Object.hasOwn(definition.variants, name),
  );
  const isActivation = optionCombinations[0]?.resolved.kind === "activation";
  const places = isActivation ? "an equation" : "an equation, a size, an initializer or a variant";
  const optionHint = `Remove it, or read it in ${places}.`;
  reportUnused(unusedOptions, "options", "unused-option", "nothing depends on the option", optionHint);
  const isEffective = checkEffects(optionCombinations, path, report);
  // A state of an equation without an effect is not a mistake of its own.
  const unusedStates = isEffective ? statesWithoutEffect(optionCombinations) : [];
  const stateMessage = "the output and the first state do not depend on the state";
  const stateHint = "Remove it with its equation, or read it in an equation that the output depends on.";
  reportUnused(unusedStates, "state", "unused-state", stateMessage, stateHint);
  return isEffective && reported.size + unusedInputs.length + unusedOptions.length + unusedStates.length === 0;
}

/** The states of a cell, after the first, that its output and first state depend on under no combination of options. */
function statesWithoutEffect(combinations: readonly OptionCombination[]): readonly string[] {
  const [first] = combinations;
  if (first?.resolved.kind !== "cell") return [];
  const effective = new Set(combinations.flatMap((combination) => [...effectiveStates(combination)]));
  return Object.keys(first.resolved.state).filter((name) => !effective.has(name));
}

/** The first state, and the states that it and the output depend on, in this step or a later one. */
function effectiveStates({ resolved, equations }: OptionCombination): ReadonlySet<string> {
  const names = Object.keys(resolved.state);
  const effective = new Set(names.slice(0, 1));
  const read = new Set([resolved.output]);
  let known: number;
  do {
    known = effective.size;
    for (const name of effective) read.add(`${name}'`);
    for (const equation of equations.toReversed())
      if (equation.targets.some(({ name }) => read.has(name))) for (const name of namesIn(equation)) read.add(name);
    for (const name of names) if (read.has(name) || read.has(`${name}'`)) effective.add(name);
  } while (effective.size > known);
  return effective;
}

/** The kinds whose equations must read x. */
const kindsOfX: readonly DefinitionKind[] = ["cell", "layer", "activation"];

/**
 * Reports equations without an effect on the output and the next states under any combination of options, and an input x
 * that only such equations read. True without one.
 */
function checkEffects(combinations: readonly OptionCombination[], path: string, report: Report): boolean {
  const others = new Map<string, { readonly resolved: ResolvedDefinition; readonly equation: Assignment }>();
  const effective = new Set<string>();
  let readsX = false;
  const key = ({ path: equationPath, source }: Assignment) => JSON.stringify([equationPath, source]);
  for (const { resolved, equations } of combinations) {
    const read = new Set([resolved.output, ...Object.keys(resolved.state).map((name) => `${name}'`)]);
    for (const equation of equations.toReversed()) {
      others.set(key(equation), { resolved, equation });
      if (!equation.targets.some(({ name }) => read.has(name))) continue;
      effective.add(key(equation));
      for (const name of namesIn(equation)) read.add(name);
    }
    readsX ||= read.has("x");
  }
  for (const one of effective) others.delete(one);
  for (const { resolved, equation } of [...others.values()].toReversed()) {
    const names = equation.targets.map(({ name }) => quote(name)).join(" and ");
    const results =
      Object.keys(resolved.state).length > 0 ? "the output and the next states do" : `${resolved.output} does`;
    report({
      code: "unused-equation",
      path: equation.path,
      message: `this equation has no effect: ${results} not depend on ${names}`,
      hint: `Remove it, or read ${names} in an equation that has one.`,
      offset: equation.targets[0]?.offset ?? 0,
    });
  }
  const [first] = combinations;
  const ignoresX = others.size === 0 && !readsX && first !== undefined && kindsOfX.includes(first.resolved.kind);
  if (ignoresX) {
    const { kind, output } = first.resolved;
    const message = `no equation reads x, the input: the ${kind} gives the same for every input`;
    report({
      code: "unused-input",
      path: `${path}/equations`,
      message,
      hint: `Read x in an equation that ${output} depends on.`,
    });
  }
  return others.size === 0 && !ignoresX;
}

/** The names and functions in the right side of an equation. */
export function namesIn({ value }: Pick<Assignment, "value">): readonly string[] {
  const names: string[] = [];
  visit(value, (node) => {
    if (node.kind === "name") names.push(node.name);
    // An option may name the function.
    if (node.kind === "call") names.push(node.function);
  });
  return names;
}

/** The names in sizes and initializers. */
function namesInDeclarations({ initializers, inputs, state, parameters }: ResolvedDefinition): readonly string[] {
  const slices = Object.values(initializers).flatMap((initializer) =>
    typeof initializer === "object" ? initializer : [{ from: 0, to: 0, value: initializer }],
  );
  const sizes = [
    ...Object.values(inputs),
    ...Object.values(state).flat(),
    ...Object.values(parameters).flat(),
    ...slices.flatMap(({ from, to }) => [from, to]),
  ];
  return [...sizes.flatMap(namesInSize), ...slices.flatMap(({ value }) => namesInSize(value))];
}

function namesInSize(size: SizeExpression): readonly string[] {
  const parsed = typeof size === "string" ? parseExpression(size) : undefined;
  return parsed?.ok ? namesIn({ value: parsed.expression }) : [];
}
