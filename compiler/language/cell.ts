/** A cell as it is used: its options have values, and the variants that they choose are part of it. */
import type {
  CellInitializer,
  CellOption,
  CellVariant,
  NormalCellDefinition,
  OnnxMapping,
  SizeExpression,
} from "../../schema/normal.js";
import { child } from "../../schema/pointer.js";
import { present } from "../ir/present.js";
import { mappingOf } from "./onnx.js";
import { namesSet } from "./targets.js";

export interface ResolvedCell {
  /** A value for every option that the cell declares. */
  readonly options: Readonly<Record<string, CellOption>>;
  readonly state: Readonly<Record<string, SizeExpression>>;
  readonly parameters: Readonly<Record<string, readonly SizeExpression[]>>;
  readonly initializers: Readonly<Record<string, CellInitializer>>;
  readonly equations: readonly string[];
  /** A name that the equations set. */
  readonly output: string;
  /** The operator of ONNX that it is said to be; null: none. */
  readonly onnx: OnnxMapping | null;
  readonly written: CellPlaces;
  /** Names whose equation a variant replaces, but which no equation sets, and where the variant says so. */
  readonly unreplaced: readonly { readonly name: string; readonly place: string }[];
}

/** Where in the definition each part was written, as JSON pointers that start at the cell: a variant may have brought it. */
export interface CellPlaces {
  readonly state: Readonly<Record<string, string>>;
  readonly parameters: Readonly<Record<string, string>>;
  readonly initializers: Readonly<Record<string, string>>;
  /** The list of equations. */
  readonly equations: string;
  /** Each equation: a variant may have brought it alone. */
  readonly lines: readonly string[];
  readonly output: string;
}

/** A number's variant for all values that have none of their own. */
export const otherwise = "otherwise";

/** Applies the variants that the options choose, in the order of their declaration. Other keys are ignored. */
export function resolveCell(
  definition: NormalCellDefinition,
  options: Readonly<Record<string, CellOption | object>>,
): ResolvedCell {
  const chosen = new Map<string, CellOption>();
  for (const [name, value] of Object.entries(definition.options)) {
    // No option is named as one of the keys whose values are objects.
    chosen.set(name, (ownValue(options, name) as CellOption | undefined) ?? value);
  }
  const parts = variantsOf(definition, chosen);
  const merged = <T>(pick: (part: Part) => Readonly<Record<string, T>>): Readonly<Record<string, T>> =>
    Object.fromEntries(parts.flatMap((part) => Object.entries(pick(part))));
  const places = (key: "state" | "parameters" | "initializers") =>
    merged((part) =>
      Object.fromEntries(Object.keys(part[key]).map((name) => [name, child(`${part.place}/${key}`, name)])),
    );
  const equations = equationsOf(parts);
  const output = present(
    parts.findLast((part) => part.output !== null),
    "an output",
  );
  return {
    options: Object.fromEntries(chosen),
    state: merged((part) => part.state),
    parameters: merged((part) => part.parameters),
    initializers: merged((part) => part.initializers),
    equations: equations.lines.map(({ source }) => source),
    output: output.output as string,
    onnx: mappingOf(parts),
    written: {
      state: places("state"),
      parameters: places("parameters"),
      initializers: places("initializers"),
      equations: equations.place,
      lines: equations.lines.map(({ place }) => place),
      output: `${output.place}/output`,
    },
    unreplaced: equations.unreplaced,
  };
}

interface Equations {
  readonly place: string;
  readonly lines: readonly { readonly source: string; readonly place: string }[];
  readonly unreplaced: ResolvedCell["unreplaced"];
}

/** Each part in turn brings equations of its own, or puts others in the place of those that set certain names. */
function equationsOf(parts: readonly Part[]): Equations {
  let place = "";
  let lines: Equations["lines"] = [];
  let unreplaced: Equations["unreplaced"] = [];
  for (const part of parts) {
    if (part.equations === null) continue;
    const at = `${part.place}/equations`;
    if (isList(part.equations)) {
      [place, lines, unreplaced] = [at, written(part.equations, at), []];
      continue;
    }
    for (const [name, sources] of Object.entries(part.equations)) {
      const index = lines.findIndex(({ source }) => namesSet(source).includes(name));
      if (index < 0) unreplaced = unreplaced.concat({ name, place: child(at, name) });
      else lines = lines.toSpliced(index, 1, ...written(sources, child(at, name)));
    }
  }
  return { place, lines, unreplaced };
}

function written(sources: string | readonly string[], place: string): Equations["lines"] {
  if (typeof sources === "string") return [{ source: sources, place }];
  return sources.map((source, index) => ({ source, place: `${place}/${index}` }));
}

/** `Array.isArray` does not narrow read-only lists. */
function isList<T>(value: readonly T[] | object): value is readonly T[] {
  return Array.isArray(value);
}

/** The definition itself or one of its variants, and its place in the definition. */
type Part = CellVariant & { readonly place: string };

function variantsOf(definition: NormalCellDefinition, options: ReadonlyMap<string, CellOption>): readonly Part[] {
  const parts: Part[] = [{ ...definition, place: "" }];
  for (const [option, variants] of Object.entries(definition.variants)) {
    const value = options.get(option);
    const own = String(value);
    const key = typeof value === "number" && !Object.hasOwn(variants, own) ? otherwise : own;
    const variant = ownValue(variants, key);
    if (variant !== undefined) parts.push({ ...variant, place: child(child("/variants", option), key) });
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
