/** A cell as it is used: its options have values, and the variants that they choose are part of it. */
import type {
  CellInitializer,
  CellOption,
  CellVariant,
  NormalCellDefinition,
  SizeExpression,
} from "../../schema/normal.js";
import { child } from "../../schema/pointer.js";

export interface ResolvedCell {
  /** A value for every option that the cell declares. */
  readonly options: Readonly<Record<string, CellOption>>;
  readonly state: Readonly<Record<string, SizeExpression>>;
  readonly parameters: Readonly<Record<string, readonly SizeExpression[]>>;
  readonly initializers: Readonly<Record<string, CellInitializer>>;
  readonly equations: readonly string[];
  /** A name that the equations set. */
  readonly output: string;
  readonly written: CellPlaces;
}

/** Where in the definition each part was written, as JSON pointers that start at the cell: a variant may have brought it. */
export interface CellPlaces {
  readonly state: Readonly<Record<string, string>>;
  readonly parameters: Readonly<Record<string, string>>;
  readonly initializers: Readonly<Record<string, string>>;
  readonly equations: string;
  readonly output: string;
}

/** Applies the variants that the options choose, in the order of their declaration. Options that the cell lacks are ignored. */
export function resolveCell(
  definition: NormalCellDefinition,
  options: Readonly<Record<string, CellOption>>,
): ResolvedCell {
  const chosen = new Map<string, CellOption>();
  for (const [name, value] of Object.entries(definition.options)) {
    chosen.set(name, ownValue(options, name) ?? value);
  }
  const parts = variantsOf(definition, chosen);
  const merged = <T>(pick: (part: Part) => Readonly<Record<string, T>>): Readonly<Record<string, T>> =>
    Object.fromEntries(parts.flatMap((part) => Object.entries(pick(part))));
  const places = (key: "state" | "parameters" | "initializers") =>
    merged((part) =>
      Object.fromEntries(Object.keys(part[key]).map((name) => [name, child(`${part.place}/${key}`, name)])),
    );
  const equations = parts.findLast((part) => part.equations !== null);
  const output = parts.findLast((part) => part.output !== null);
  return {
    options: Object.fromEntries(chosen),
    state: merged((part) => part.state),
    parameters: merged((part) => part.parameters),
    initializers: merged((part) => part.initializers),
    equations: equations?.equations ?? definition.equations,
    output: output?.output ?? definition.output,
    written: {
      state: places("state"),
      parameters: places("parameters"),
      initializers: places("initializers"),
      equations: `${equations?.place ?? ""}/equations`,
      output: `${output?.place ?? ""}/output`,
    },
  };
}

/** The definition itself or one of its variants, and its place in the definition. */
type Part = CellVariant & { readonly place: string };

function variantsOf(definition: NormalCellDefinition, options: ReadonlyMap<string, CellOption>): readonly Part[] {
  const parts: Part[] = [{ ...definition, place: "" }];
  for (const [option, variants] of Object.entries(definition.variants)) {
    const value = String(options.get(option));
    const variant = ownValue(variants, value);
    if (variant !== undefined) {
      parts.push({ ...variant, place: child(child("/variants", option), value) });
    }
  }
  return parts;
}

/** The options that are numbers: equations and sizes may read them. */
export function numericOptions(cell: Pick<ResolvedCell, "options">): ReadonlyMap<string, number> {
  return new Map(
    Object.entries(cell.options).filter((entry): entry is [string, number] => typeof entry[1] === "number"),
  );
}

/** A record's own value: names are the user's, and `constructor` is a name like any other. */
export function ownValue<T>(record: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}
