/** A cell definition as a whole: its variants and initializers must speak of options and parameters that it has. */
import { structuralKeys } from "../cell-uses.js";
import type { Problem } from "../diagnostics.js";
import { nameOf } from "../finding.js";
import type { CellInitializer, CellOption, NormalCellDefinition } from "../normal.js";
import { child } from "../pointer.js";
import { either, quote, suggestion } from "../wording.js";

/** Distributions that an initializer may name. */
const distributions: readonly string[] = ["glorot_uniform", "glorot_normal", "orthogonal"];

export function problemsOfDefinition(cell: NormalCellDefinition, path: string): readonly Problem[] {
  return [...problemsOfOptions(cell, path), ...problemsOfVariants(cell, path), ...problemsOfInitializers(cell, path)];
}

function problemsOfOptions({ options, variants }: NormalCellDefinition, path: string): readonly Problem[] {
  const reserved = [...new Set([...structuralKeys("cell"), ...structuralKeys("rnn")])];
  return Object.entries(options).flatMap(([option, fallback]): readonly Problem[] => {
    const place = child(child(path, "options"), option);
    if (reserved.includes(option)) {
      const message = `An option cannot be named ${quote(option)}: every cell has that key.`;
      return [{ code: "reserved-name", path: place, atKey: true, message, hint: "Choose another name." }];
    }
    if (typeof fallback !== "string") return [];
    const words = Object.keys(variants[option] ?? {});
    if (words.includes(fallback)) return [];
    const message =
      words.length === 0
        ? `The option ${quote(option)} is a word, so "variants" must say what it may be.`
        : `The default of ${quote(option)} must be one of its variants, ${either(words.map(quote))}, but is ${quote(fallback)}.`;
    return [
      {
        code: "unknown-variant",
        path: place,
        message,
        hint: `For example "variants": { "${option}": { "${fallback}": {} } }.`,
      },
    ];
  });
}

function problemsOfVariants({ options, variants }: NormalCellDefinition, path: string): readonly Problem[] {
  return Object.entries(variants).flatMap(([option, byValue]): readonly Problem[] => {
    const place = child(child(path, "variants"), option);
    const fallback = Object.hasOwn(options, option) ? options[option] : undefined;
    if (fallback === undefined) {
      const message = `There is no option ${quote(option)}.`;
      return [
        {
          code: "unknown-option",
          path: place,
          atKey: true,
          message,
          hint: suggestion(option, Object.keys(options), "Options"),
        },
      ];
    }
    return Object.keys(byValue)
      .filter((value) => !isValueOf(value, fallback))
      .map((value) => ({
        code: "unknown-variant",
        path: child(place, value),
        atKey: true,
        message: `${quote(value)} is no value of the option ${quote(option)}, which is ${typeof fallback === "number" ? "a number" : "true or false"}.`,
      }));
  });
}

/** Whether the key of a variant, as text, can be a value of an option with this default. */
function isValueOf(value: string, fallback: CellOption): boolean {
  if (typeof fallback === "boolean") return value === "true" || value === "false";
  return typeof fallback === "string" || String(Number(value)) === value;
}

function problemsOfInitializers(cell: NormalCellDefinition, path: string): readonly Problem[] {
  const variants = Object.entries(cell.variants).flatMap(([option, byValue]) =>
    Object.entries(byValue).map(([value, variant]) => ({
      part: variant,
      path: child(child(child(path, "variants"), option), value),
    })),
  );
  const parameters = new Set(
    [cell, ...variants.map(({ part }) => part)].flatMap((part) => Object.keys(part.parameters)),
  );
  const numeric = Object.keys(cell.options).filter((option) => typeof cell.options[option] === "number");

  return [{ part: cell, path }, ...variants].flatMap(({ part, path: place }) =>
    Object.entries(part.initializers).flatMap(([parameter, initializer]): readonly Problem[] => {
      const where = child(child(place, "initializers"), parameter);
      if (!parameters.has(parameter)) {
        const message = `There is no parameter ${quote(parameter)}.`;
        return [
          {
            code: "unknown-parameter",
            path: where,
            atKey: true,
            message,
            hint: suggestion(parameter, [...parameters], "Parameters"),
          },
        ];
      }
      return valuesOf(initializer, where)
        .filter(({ value }) => ![...distributions, ...numeric].includes(value))
        .map(({ value, path: valuePath }) => ({
          code: "unknown-initializer",
          path: valuePath,
          message: `${nameOf(where)} cannot start as ${quote(value)}.`,
          hint: suggestion(value, [...distributions, ...numeric], "Initializers"),
        }));
    }),
  );
}

/** The words in an initializer, with their paths. */
function valuesOf(
  initializer: CellInitializer,
  path: string,
): readonly { readonly value: string; readonly path: string }[] {
  if (typeof initializer === "string") return [{ value: initializer, path }];
  if (typeof initializer === "number") return [];
  return initializer.flatMap(({ value }, index) =>
    typeof value === "string" ? [{ value, path: child(child(path, index), "value") }] : [],
  );
}
