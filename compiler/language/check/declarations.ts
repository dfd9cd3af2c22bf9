/** What a cell declares beside its equations: names that do not collide, options and their variants. */
import type { Report } from "../../../schema/diagnostics/index.js";
import { joinWithOr, quote, suggestion } from "../../../schema/diagnostics/suggest.js";
import { child } from "../../../schema/json-pointer.js";
import type { NormalCellDefinition } from "../../../schema/normal/index.js";
import { isFunction } from "../functions.js";
import { otherwise, ownValue, type ResolvedCell } from "../resolve-cell.js";

/** Options, parameters and states are read in the same equations, so each has a name of its own. True when they do. */
export function checkNames(cell: ResolvedCell, path: string, report: Report): boolean {
  let isDistinct = true;
  const usedNames = new Map<string, string>([
    ["x", "the cell's input"],
    ["hidden_size", "a size"],
    ["input_size", "a size"],
  ]);
  const declare = (names: readonly string[], kind: string, pointerOf: (name: string) => string | undefined) => {
    for (const name of names) {
      const other = isFunction(name) ? "a function" : usedNames.get(name);
      if (other === undefined) {
        usedNames.set(name, kind);
        continue;
      }
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
  declare(Object.keys(cell.options), "an option", (name) => child("/options", name));
  declare(Object.keys(cell.state), "a state", (name) => ownValue(cell.pointers.state, name));
  declare(Object.keys(cell.parameters), "a parameter", (name) => ownValue(cell.pointers.parameters, name));
  return isDistinct;
}

/** Every variant can be chosen, and every word that an option may start as is one of its variants. */
export function checkVariants(definition: NormalCellDefinition, path: string, report: Report): void {
  for (const [option, variants] of Object.entries(definition.variants)) {
    const pointer = child(`${path}/variants`, option);
    const defaultValue = ownValue(definition.options, option);
    if (defaultValue === undefined) {
      const hint =
        suggestion(option, Object.keys(definition.options), "Options") || "Declare it, with its default, in options.";
      report({
        code: "unknown-option",
        path: pointer,
        message: `the cell has no option ${quote(option)}`,
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
      const message = `${option} is never ${quote(value)}: it is ${typeof defaultValue === "boolean" ? joinWithOr(allowed) : "a number"}`;
      const hint =
        typeof defaultValue === "number"
          ? `Numbers without a variant of their own have that of ${quote(otherwise)}.`
          : "";
      report({ code: "unknown-variant", path: child(pointer, value), message, hint, atKey: true });
    }
  }
  for (const [option, defaultValue] of Object.entries(definition.options)) {
    if (typeof defaultValue !== "string") continue;
    const values = Object.keys(ownValue(definition.variants, option) ?? {});
    if (values.includes(defaultValue)) continue;
    const message = `${option} is ${quote(defaultValue)}, for which there is no variant`;
    const hint = suggestion(defaultValue, values, "Variants") || `Add variants: the values that ${option} may have.`;
    report({ code: "unknown-variant", path: child(`${path}/options`, option), message, hint });
  }
}
