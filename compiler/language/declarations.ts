/** What a cell declares beside its equations: names that do not collide, options and their variants, first values. */
import type { Report } from "../../schema/diagnostics.js";
import type { CellInitializer, NormalCellDefinition } from "../../schema/normal.js";
import { child } from "../../schema/pointer.js";
import { either, quote, suggestion } from "../../schema/wording.js";
import type { Dim } from "../ir/types.js";
import { numericOptions, ownValue, type ResolvedCell } from "./cell.js";
import { isFunction } from "./functions.js";
import { resolveSize } from "./sizes.js";

/** The distributions that an initializer may name. */
export const distributions: readonly string[] = ["glorot_uniform", "glorot_normal", "orthogonal"];

/** Options, parameters and states are read by name in the same equations. */
export function checkNames(cell: ResolvedCell, path: string, report: Report): void {
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
      const message = `${quote(name)} is ${other} already`;
      report({ code: "name-taken", path: `${path}${place(name)}`, message, hint: "Use another name.", atKey: true });
    }
  };
  declare(Object.keys(cell.options), "an option", (name) => child("/options", name));
  declare(Object.keys(cell.state), "a state", (name) => ownValue(cell.written.state, name));
  declare(Object.keys(cell.parameters), "a parameter", (name) => ownValue(cell.written.parameters, name));
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
        typeof usual === "boolean" ? ["true", "false"] : typeof usual === "number" ? [String(Number(value))] : [value];
      if (legal.includes(value)) continue;
      const message = `${option} is never ${quote(value)}: it is ${typeof usual === "boolean" ? either(legal) : "a number"}`;
      report({ code: "unknown-variant", path: child(place, value), message, atKey: true });
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

/** First values belong to parameters, and are distributions, numbers, numeric options, or slices of those. */
export function checkInitializers(
  cell: ResolvedCell,
  sizes: ReadonlyMap<string, Dim>,
  path: string,
  report: Report,
): void {
  const numbers = [...numericOptions(cell).keys()];
  const check = (value: Exclude<CellInitializer, readonly unknown[]>, axes: number, place: string) => {
    if (typeof value === "number" || numbers.includes(value)) return;
    if (!distributions.includes(value)) {
      const hint = suggestion(value, [...distributions, ...numbers], "Initializers");
      report({ code: "unknown-initializer", path: place, message: `unknown initializer ${quote(value)}`, hint });
    } else if (axes !== 2) {
      const message = `${value} is for matrices, and this parameter has ${axes === 1 ? "1 axis" : `${axes} axes`}`;
      report({ code: "initializer", path: place, message, hint: "Write a number." });
    }
  };
  for (const [name, initializer] of Object.entries(cell.initializers)) {
    const place = `${path}${ownValue(cell.written.initializers, name)}`;
    const shape = ownValue(cell.parameters, name);
    if (shape === undefined) {
      const hint = suggestion(name, Object.keys(cell.parameters), "Parameters");
      report({
        code: "unknown-parameter",
        path: place,
        message: `the cell has no parameter ${quote(name)}`,
        hint,
        atKey: true,
      });
    } else if (typeof initializer === "object") {
      for (const [index, { from, to, value }] of initializer.entries()) {
        resolveSize(from, sizes, `${place}/${index}/from`, report, 0);
        resolveSize(to, sizes, `${place}/${index}/to`, report, 0);
        check(value, shape.length, `${place}/${index}/value`);
      }
    } else {
      check(initializer, shape.length, place);
    }
  }
}
