/** The update of a parameter as equations: the slots of an optimizer, its scope, and its shapes. */
import type { Report } from "../../schema/diagnostics/index.js";
import { quote, suggestion } from "../../schema/diagnostics/suggest.js";
import { child } from "../../schema/json-pointer.js";
import type {
  CellOption,
  EquationDefinition,
  NormalOptimizerDefinition,
  NormalOptimizerVariant,
  Slot,
} from "../../schema/normal/index.js";
import type { Dim, Shape } from "../ir/types.js";
import { checkNames } from "./check/declarations.js";
import { updateFunctions } from "./functions/index.js";
import { type EquationShapes, inferEquations } from "./infer/equations.js";
import { type Assignment, parseEquations } from "./parse/equations.js";
import { numericOptions, overlaysOf, type ResolvedDefinition, resolveDefinition } from "./resolve.js";
import { updateScope } from "./scope.js";
import { resolveSize, sizeNames } from "./size-expression.js";

/** One use of an optimizer's equations. */
export interface UpdateUse {
  readonly options: Readonly<Record<string, CellOption | object>>;
  /** The shape of p. */
  readonly shape: Shape;
  /** The number of axes that selects variants: that of the parameter, also where several are flattened to one vector. */
  readonly rank: number;
  /** The options that a schedule changes, scalars in place of numbers. */
  readonly scheduled: readonly string[];
}

export interface UpdateSlot {
  readonly name: string;
  readonly initial: number;
  readonly shape: Shape;
}

export interface AnalyzedUpdate {
  readonly definition: ResolvedDefinition;
  /** Undefined after a problem of syntax or names. */
  readonly equations: readonly Assignment[] | undefined;
  /** Undefined after any problem. */
  readonly shapes: EquationShapes | undefined;
  /** Those without a problem. */
  readonly slots: readonly UpdateSlot[];
}

/** The slot that an average of the weights adds. */
export const reservedSlot = "latest";

/** The option that a schedule of the momentum changes: `beta1`, or `momentum`. */
export function scheduledOptions({ options }: Pick<NormalOptimizerDefinition, "options">): readonly string[] {
  return ["beta1", "momentum"].filter((name) => typeof options[name] === "number").slice(0, 1);
}

/** The definition as equations whose states are the slots. */
function updateEquations(definition: NormalOptimizerDefinition): EquationDefinition {
  const { description, options, equations } = definition;
  const nothing = { parameters: {}, initializers: {}, state: {} };
  return {
    ...nothing,
    ...{ description, options, equations, output: "p'", onnx: null },
    variants: mapVariants(definition.variants, (variant) => ({
      ...nothing,
      equations: variant.equations,
      output: null,
    })),
  };
}

/** Variants of another kind, by option and value. */
export function mapVariants<V, W>(
  variants: Readonly<Record<string, Readonly<Record<string, V>>>>,
  change: (variant: V) => W,
): Readonly<Record<string, Readonly<Record<string, W>>>> {
  const entries = Object.entries(variants).map(([option, values]) => {
    return [option, Object.fromEntries(Object.entries(values).map(([value, variant]) => [value, change(variant)]))];
  });
  return Object.fromEntries(entries);
}

/** Reports all problems of an update. `path` is the JSON pointer of its definition. */
export function analyzeUpdate(
  source: NormalOptimizerDefinition,
  { options, shape, rank, scheduled }: UpdateUse,
  path: string,
  report: Report,
): AnalyzedUpdate {
  const resolved = resolveDefinition(updateEquations(source), options, updateFunctions, "optimizer", { rank });
  const scope = updateScope(shape, ["rate", "t", ...scheduled]);
  const declared = declaredSlots(source, new Map([...Object.entries(resolved.options), ["rank", rank]]));
  const names = sizeNames(resolved, scope.sizes);
  const slots = declared.flatMap(({ name, slot, pointer }): readonly UpdateSlot[] => {
    const initial = initialValue(slot, resolved, path + pointer, report);
    const ownShape = typeof slot === "object" ? slotShape(slot.shape, shape, names, path + pointer, report) : shape;
    return initial === undefined || ownShape === undefined ? [] : [{ name, initial, shape: ownShape }];
  });
  const definition: ResolvedDefinition = {
    ...resolved,
    options: Object.fromEntries(Object.entries(resolved.options).filter(([name]) => !scheduled.includes(name))),
    state: Object.fromEntries([
      ["p", []],
      ...declared.map(({ name, slot }) => [name, typeof slot === "object" ? slot.shape : []] as const),
    ]),
    // The options that initial values name are read.
    initializers: Object.fromEntries(declared.map(({ name, slot }) => [name, initialOf(slot)])),
    pointers: {
      ...resolved.pointers,
      state: Object.fromEntries(declared.map(({ name, pointer }) => [name, pointer])),
    },
  };
  for (const { name, pointer } of declared.filter((slot) => slot.name === reservedSlot)) {
    const message = `${quote(name)} is the slot of the weights behind their average`;
    report({ code: "name-taken", path: path + pointer, message, hint: "Use another name.", atKey: true });
  }
  const slotNames = Object.fromEntries(declared.map(({ name }) => [name, []]));
  const hasDistinctNames = checkNames({ ...definition, state: slotNames }, scope, path, report);
  const { equations, assignments } = parseEquations(definition, scope, path, report);
  if (!hasDistinctNames) return { definition, equations: undefined, shapes: undefined, slots };
  const states = Object.fromEntries([["p", shape], ...slots.map((slot) => [slot.name, slot.shape] as const)]);
  const inferred = inferEquations(
    equations,
    definition,
    { ...scope, declared: { inputs: {}, states, parameters: {} } },
    path,
    report,
  );
  const isSound = slots.length === declared.length && assignments !== undefined;
  return { definition, equations: assignments, shapes: isSound ? inferred : undefined, slots };
}

interface DeclaredSlot {
  readonly name: string;
  readonly slot: Slot;
  readonly pointer: string;
}

/** The slots of the definition and of its variants, in order; one of the same name replaces an earlier one. */
function declaredSlots(
  source: NormalOptimizerDefinition,
  options: ReadonlyMap<string, CellOption>,
): readonly DeclaredSlot[] {
  const overlays = overlaysOf<Pick<NormalOptimizerVariant, "slots">, NormalOptimizerDefinition>(source, options);
  const slots = new Map<string, DeclaredSlot>();
  for (const overlay of overlays) {
    for (const [name, slot] of Object.entries(overlay.slots))
      slots.set(name, { name, slot, pointer: child(`${overlay.pointer}/slots`, name) });
  }
  return [...slots.values()];
}

const initialOf = (slot: Slot) => (typeof slot === "object" ? slot.initial : slot);

/** The initial value of a slot: a number, or that of an option. */
function initialValue(slot: Slot, definition: ResolvedDefinition, path: string, report: Report): number | undefined {
  const value = initialOf(slot);
  if (typeof value === "number") return value;
  const numbers = numericOptions(definition);
  const number = numbers.get(value);
  if (number !== undefined) return number;
  report({
    code: "unknown-option",
    path: typeof slot === "object" ? `${path}/initial` : path,
    message: `the optimizer has no numeric option ${quote(value)}`,
    hint: suggestion(value, [...numbers.keys()], "Options") || "Write a number.",
  });
  return undefined;
}

/** The declared shape of a slot. The axes of a parameter before its last two come before a matrix. */
function slotShape(
  sizes: readonly (number | string)[],
  parameter: Shape,
  names: ReadonlyMap<string, Dim>,
  path: string,
  report: Report,
): Shape | undefined {
  const dims = sizes.map((size, axis) => resolveSize(size, names, `${path}/shape/${axis}`, report));
  const known = dims.flatMap((dim) => dim ?? []);
  if (known.length < dims.length) return undefined;
  return known.length === 2 ? [...parameter.slice(0, -2), ...known] : known;
}
