/** What a cell declares beside its equations: names that do not collide, options and their variants. */
import type { Report } from "../../schema/diagnostics.js";
import type { NormalCellDefinition } from "../../schema/normal.js";
import { child } from "../../schema/pointer.js";
import { either, quote, suggestion } from "../../schema/wording.js";
import { otherwise, ownValue, type ResolvedCell } from "./cell.js";
import { isFunction } from "./functions.js";

/** Options, parameters and states are read in the same equations, so each has a name of its own. True when they do. */
export function checkNames(cell: ResolvedCell, path: string, report: Report): boolean {
  let distinct = true;
  const taken = new Map<string, string>([
    ["x", "the cell's input"],
    ["hidden_size", "a size"],
    ["input_size", "a size"],
  ]);
  const declare = (names: readonly string[], kind: string, place: (name: string) => string | undefined) => {
    for (const name of names) {
      const other = isFunction(name) ? "a function" : taken.get(name);
      if (other === undefined) {
        taken.set(name, kind);
        continue;
      }
      distinct = false;
      const message = `${quote(name)} is ${other} already`;
      report({ code: "name-taken", path: `${path}${place(name)}`, message, hint: "Use another name.", atKey: true });
    }
  };
  declare(Object.keys(cell.options), "an option", (name) => child("/options", name));
  declare(Object.keys(cell.state), "a state", (name) => ownValue(cell.written.state, name));
  declare(Object.keys(cell.parameters), "a parameter", (name) => ownValue(cell.written.parameters, name));
  return distinct;
}

/** Every variant can be chosen, and every word that an option may start as is one of its variants. */
export function checkVariants(definition: NormalCellDefinition, path: string, report: Report): void {
  for (const [option, variants] of Object.entries(definition.variants)) {
    const place = child(`${path}/variants`, option);
    const usual = ownValue(definition.options, option);
    if (usual === undefined) {
      const hint =
        suggestion(option, Object.keys(definition.options), "Options") || "Declare it, with its default, in options.";
      report({
        code: "unknown-option",
        path: place,
        message: `the cell has no option ${quote(option)}`,
        hint,
        atKey: true,
      });
      continue;
    }
    for (const value of Object.keys(variants)) {
      const legal =
        typeof usual === "boolean"
          ? ["true", "false"]
          : typeof usual === "number"
            ? [String(Number(value)), otherwise]
            : [value];
      if (legal.includes(value)) continue;
      const message = `${option} is never ${quote(value)}: it is ${typeof usual === "boolean" ? either(legal) : "a number"}`;
      const hint =
        typeof usual === "number" ? `Numbers without a variant of their own have that of ${quote(otherwise)}.` : "";
      report({ code: "unknown-variant", path: child(place, value), message, hint, atKey: true });
    }
  }
  for (const [option, usual] of Object.entries(definition.options)) {
    if (typeof usual !== "string") continue;
    const values = Object.keys(ownValue(definition.variants, option) ?? {});
    if (values.includes(usual)) continue;
    const message = `${option} is ${quote(usual)}, for which there is no variant`;
    const hint = suggestion(usual, values, "Variants") || `Add variants: the values that ${option} may have.`;
    report({ code: "unknown-variant", path: child(`${path}/options`, option), message, hint });
  }
}
