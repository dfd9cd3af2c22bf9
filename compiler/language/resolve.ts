/** Resolution of a definition: options have values, and the variants that they select are merged into it. */
import type { Report } from "../../schema/diagnostics/index.js";
import { child } from "../../schema/json-pointer.js";
import type {
  CellInitializer,
  CellOption,
  EquationDefinition,
  EquationVariant,
  OnnxMapping,
  SizeExpression,
} from "../../schema/normal/index.js";
import { expectDefined } from "../ir/expect.js";
import type { EquationFunction, FunctionTable } from "./functions/function.js";
import { mappingOf } from "./onnx-mapping.js";
import { assignedNames } from "./parse/tokens.js";

/**
 * The kinds of definitions that equations write. A layer is a cell without states, the others have no parameters
 * either. The states of an optimizer are its slots and the parameter.
 */
export type DefinitionKind = "cell" | "layer" | "activation" | "loss" | "metric" | "optimizer" | "schedule";

/** The word for a state: an optimizer has slots, and a parameter that it updates. */
export function stateNoun(kind: DefinitionKind, name: string): "state" | "slot" | "parameter" {
  if (kind !== "optimizer") return "state";
  return name === "p" ? "parameter" : "slot";
}

export interface ResolvedDefinition {
  readonly kind: DefinitionKind;
  readonly functions: FunctionTable;
  /** A value for every option that the definition declares. */
  readonly options: Readonly<Record<string, CellOption>>;
  /** The sizes of the inputs in addition to x. */
  readonly inputs: Readonly<Record<string, SizeExpression>>;
  /** The axes of each state, without the batch. */
  readonly state: Readonly<Record<string, readonly SizeExpression[]>>;
  readonly parameters: Readonly<Record<string, readonly SizeExpression[]>>;
  readonly initializers: Readonly<Record<string, CellInitializer>>;
  readonly equations: readonly string[];
  /** A name that the equations set. */
  readonly output: string;
  /** The declared mapping to an ONNX operator; null for none. */
  readonly onnx: OnnxMapping | null;
  readonly pointers: CellPointers;
  /** Names whose equation a variant replaces although no equation sets them, with the variant's pointer. */
  readonly missingTargets: readonly { readonly name: string; readonly pointer: string }[];
}

/** Options with their defaults, and the changes for some of their values. */
export interface VariedOptions {
  readonly options: Readonly<Record<string, CellOption>>;
  readonly variants: Readonly<Record<string, Readonly<Record<string, object>>>>;
  readonly inputs?: EquationDefinition["inputs"];
}

/** JSON pointers of the merged entries, relative to the definition: an entry may come from a variant. */
export interface CellPointers {
  readonly state: Readonly<Record<string, string>>;
  /** Of the size of each axis. */
  readonly stateAxes: Readonly<Record<string, readonly string[]>>;
  readonly parameters: Readonly<Record<string, string>>;
  readonly initializers: Readonly<Record<string, string>>;
  /** The list of equations. */
  readonly equations: string;
  /** Each equation: a variant may have replaced it alone. */
  readonly lines: readonly string[];
  readonly output: string;
}

/** The variant for all values without one: numbers, or names of functions of one argument. */
export const otherwise = "otherwise";

/**
 * Merges the variants that the options select, in the order of declaration. Keys that are not options are ignored.
 *
 * @param facts of the use, which select variants as options do.
 */
export function resolveDefinition(
  definition: EquationDefinition,
  options: Readonly<Record<string, CellOption | object>>,
  functions: FunctionTable,
  kind: DefinitionKind = "cell",
  facts: Readonly<Record<string, CellOption>> = {},
): ResolvedDefinition {
  const selectedOptions = new Map<string, CellOption>();
  for (const [name, value] of Object.entries(definition.options)) {
    // No option has the name of a key whose value is an object.
    selectedOptions.set(name, (ownValue(options, name) as CellOption | undefined) ?? value);
  }
  const overlays = overlaysOf<EquationVariant, EquationDefinition>(
    definition,
    new Map([...selectedOptions, ...Object.entries(facts)]),
  );
  const merged = <T>(pick: (overlay: Overlay) => Readonly<Record<string, T>>): Readonly<Record<string, T>> =>
    Object.fromEntries(overlays.flatMap((overlay) => Object.entries(pick(overlay))));
  const pointersOf = (key: "state" | "parameters" | "initializers") =>
    merged((overlay) =>
      Object.fromEntries(
        Object.keys(overlay[key] ?? {}).map((name) => [name, child(`${overlay.pointer}/${key}`, name)]),
      ),
    );
  const states = merged((overlay) =>
    Object.fromEntries(
      Object.entries(overlay.state ?? {}).map(([name, shape]) => {
        const pointer = child(`${overlay.pointer}/state`, name);
        const axes = isList(shape)
          ? shape.map((size, axis) => ({ size, pointer: `${pointer}/${axis}` }))
          : [{ size: shape, pointer }];
        return [name, axes];
      }),
    ),
  );
  const equations = equationsOf(overlays);
  const output = expectDefined(
    overlays.findLast((overlay) => overlay.output !== null),
    "an output",
  );
  return {
    kind,
    functions,
    options: Object.fromEntries(selectedOptions),
    inputs: definition.inputs ?? {},
    state: mapValues(states, (axes) => axes.map(({ size }) => size)),
    parameters: merged((overlay) => overlay.parameters),
    initializers: merged((overlay) => overlay.initializers),
    equations: equations.lines.map(({ source }) => source),
    output: output.output as string,
    onnx: mappingOf(overlays),
    pointers: {
      state: pointersOf("state"),
      stateAxes: mapValues(states, (axes) => axes.map(({ pointer }) => pointer)),
      parameters: pointersOf("parameters"),
      initializers: pointersOf("initializers"),
      equations: equations.pointer,
      lines: equations.lines.map(({ pointer }) => pointer),
      output: `${output.pointer}/output`,
    },
    missingTargets: equations.missingTargets,
  };
}

interface Equations {
  readonly pointer: string;
  readonly lines: readonly { readonly source: string; readonly pointer: string }[];
  readonly missingTargets: ResolvedDefinition["missingTargets"];
}

/** Each overlay replaces all equations (a list), or those that set certain names (a record). */
function equationsOf(overlays: readonly Overlay[]): Equations {
  let pointer = "";
  let lines: Equations["lines"] = [];
  let missingTargets: Equations["missingTargets"] = [];
  for (const overlay of overlays) {
    if (overlay.equations === null) continue;
    const equationsPointer = `${overlay.pointer}/equations`;
    if (isList(overlay.equations)) {
      [pointer, lines, missingTargets] = [equationsPointer, equationLines(overlay.equations, equationsPointer), []];
      continue;
    }
    for (const [name, sources] of Object.entries(overlay.equations)) {
      const index = lines.findIndex(({ source }) => assignedNames(source).includes(name));
      if (index < 0) missingTargets = missingTargets.concat({ name, pointer: child(equationsPointer, name) });
      else lines = lines.toSpliced(index, 1, ...equationLines(sources, child(equationsPointer, name)));
    }
  }
  return { pointer, lines, missingTargets };
}

function equationLines(sources: string | readonly string[], pointer: string): Equations["lines"] {
  if (typeof sources === "string") return [{ source: sources, pointer }];
  return sources.map((source, index) => ({ source, pointer: `${pointer}/${index}` }));
}

function mapValues<T, R>(record: Readonly<Record<string, T>>, map: (value: T) => R): Readonly<Record<string, R>> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value)]));
}

/** `Array.isArray` does not narrow readonly arrays. */
function isList<T>(value: readonly T[] | number | string | object): value is readonly T[] {
  return Array.isArray(value);
}

/** The definition itself or one of its variants, with its pointer in the definition. */
type Overlay = EquationVariant & { readonly pointer: string };

/** A definition with its variants by option and value, each perhaps only a change. */
interface Varied<V> {
  readonly variants: Readonly<Record<string, Readonly<Record<string, V>>>>;
}

/** The definition and the variants that values select, in order. */
export function overlaysOf<V extends object, D extends V & Varied<V>>(
  definition: D,
  options: ReadonlyMap<string, CellOption>,
): readonly (V & { readonly pointer: string })[] {
  const overlays: (V & { readonly pointer: string })[] = [{ ...definition, pointer: "" }];
  for (const [option, variants] of Object.entries(definition.variants)) {
    const value = options.get(option);
    const valueKey = String(value);
    const key = typeof value !== "boolean" && !Object.hasOwn(variants, valueKey) ? otherwise : valueKey;
    const variant = ownValue(variants, key);
    if (variant !== undefined) overlays.push({ ...variant, pointer: child(child("/variants", option), key) });
  }
  return overlays;
}

/** A function by its name in equations: an option whose value names an activation is a name of that activation. */
export function functionOf(
  { functions, options }: Pick<ResolvedDefinition, "functions" | "options">,
  name: string,
): EquationFunction | undefined {
  const value = ownValue(options, name);
  return functions.get(typeof value === "string" ? value : name);
}

/** The numeric options, which equations and sizes may read. */
export function numericOptions({ options }: Pick<ResolvedDefinition, "options">): ReadonlyMap<string, number> {
  return new Map(Object.entries(options).filter((entry): entry is [string, number] => typeof entry[1] === "number"));
}

/**
 * A report of a definition's problems at one use: the value of an option that the use changes is a mistake of the use.
 *
 * @param path the JSON pointer of the definition.
 * @param pathOf the JSON pointer of an option of the use.
 */
export function reportAtUse(
  { options }: Pick<EquationDefinition, "options">,
  use: Readonly<Record<string, unknown>>,
  path: string,
  pathOf: (option: string) => string,
  report: Report,
): Report {
  return (problem) => {
    const changed = Object.entries(options).find(
      ([name, value]) => problem.path === child(`${path}/options`, name) && (ownValue(use, name) ?? value) !== value,
    );
    if (changed === undefined) return report(problem);
    const { offset: _, atKey: __, ...rest } = problem;
    report({ ...rest, path: pathOf(changed[0]) });
  };
}

/** A record's own value, because a user may choose a name such as `constructor`. */
export function ownValue<T>(record: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}
