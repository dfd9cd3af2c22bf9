/** Checks of declarations: distinct names, options and their variants. */
import type { Report } from "../../../schema/diagnostics/index.js";
import { joinWithOr, quote, suggestion } from "../../../schema/diagnostics/suggest.js";
import { child } from "../../../schema/json-pointer.js";
import type { FunctionTable } from "../functions/function.js";
import { isFunctionName } from "../functions/time.js";
import { type DefinitionKind, otherwise, ownValue, type ResolvedDefinition, type VariedOptions } from "../resolve.js";
import type { Scope } from "../scope.js";
import { allSizes } from "../size-expression.js";

/**
 * Checks that options, parameters and states, which share the scope of the equations, have distinct names. An option that
 * is true or false has no value there: a parameter that it switches may have its name.
 */
export function checkNames(definition: ResolvedDefinition, scope: Scope, path: string, report: Report): boolean {
  let isDistinct = true;
  const usedNames = new Map<string, string>([
    ...Object.keys(scope.inputs).map((name) => [name, `the ${definition.kind}'s input`] as const),
    ...Object.keys(allSizes(definition, scope.sizes)).map((name) => [name, "a size"] as const),
  ]);
  const declare = (names: readonly string[], kind: string, pointerOf: (name: string) => string | undefined) => {
    for (const name of names) {
      const other = isFunctionName(name, definition) ? "a function" : usedNames.get(name);
      if (other === undefined) {
        usedNames.set(name, kind);
        continue;
      }
      if (other === "an option" && kind === "a parameter" && typeof ownValue(definition.options, name) === "boolean")
        continue;
      isDistinct = false;
      const message = `${quote(name)} is ${other} already`;
      report({
        code: "name-taken",
        path: `${path}${pointerOf(name)}`,
        message,
        hint: "Use another name.",
        atKey: true,
      });
    }
  };
  declare(Object.keys(definition.options), "an option", (name) => child("/options", name));
  declare(Object.keys(definition.inputs), "an input", (name) => child("/inputs", name));
  declare(Object.keys(definition.state), definition.kind === "optimizer" ? "a slot" : "a state", (name) =>
    ownValue(definition.pointers.state, name),
  );
  declare(Object.keys(definition.parameters), "a parameter", (name) => ownValue(definition.pointers.parameters, name));
  return isDistinct;
}

/** Checks that every variant can be selected, and that every text option's default is one of its variants. */
export function checkVariants(
  definition: VariedOptions,
  kind: DefinitionKind,
  functions: FunctionTable,
  path: string,
  report: Report,
): void {
  for (const [option, variants] of Object.entries(definition.variants)) {
    const pointer = child(`${path}/variants`, option);
    const defaultValue = ownValue(definition.options, option);
    if (defaultValue === undefined) {
      const hint =
        suggestion(option, Object.keys(definition.options), "Options") || "Declare it, with its default, in options.";
      report({
        code: "unknown-option",
        path: pointer,
        message: `the ${kind} has no option ${quote(option)}`,
        hint,
        atKey: true,
      });
      continue;
    }
    for (const value of Object.keys(variants)) {
      const allowed =
        typeof defaultValue === "boolean"
          ? ["true", "false"]
          : typeof defaultValue === "number"
            ? [String(Number(value)), otherwise]
            : [value];
      if (allowed.includes(value)) continue;
      const message = `${option} cannot be ${quote(value)}: it is ${typeof defaultValue === "boolean" ? joinWithOr(allowed) : "a number"}`;
      const hint =
        typeof defaultValue === "number" ? `Write ${quote(otherwise)} for all numbers without a variant.` : "";
      report({ code: "unknown-variant", path: child(pointer, value), message, hint, atKey: true });
    }
  }
  for (const [option, defaultValue] of Object.entries(definition.options)) {
    if (typeof defaultValue !== "string") continue;
    const values = Object.keys(ownValue(definition.variants, option) ?? {});
    if (values.includes(defaultValue)) continue;
    if (values.includes(otherwise) && functions.get(defaultValue) !== undefined) continue;
    const message = `${option} is ${quote(defaultValue)}, which has no variant`;
    const hint = suggestion(defaultValue, values, "Variants") || `Add a variant for each value of ${option}.`;
    report({ code: "unknown-variant", path: child(`${path}/options`, option), message, hint });
  }
}
