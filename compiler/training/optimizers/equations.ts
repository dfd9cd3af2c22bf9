/** Optimizers as equations: the slots of a parameter, and its update in primitives. */

import type { CellOption, NormalOptimizerDefinition } from "../../../schema/normal/index.js";
import { graphBuilder } from "../../graph/builder.js";
import type { Builder, Operand } from "../../ir/builder.js";
import { sameShape } from "../../ir/dims.js";
import { expectDefined } from "../../ir/expect.js";
import type { Shape, Value } from "../../ir/types.js";
import { buildEquations } from "../../language/build.js";
import { namesIn } from "../../language/check/unused.js";
import type { Definition } from "../../language/origins.js";
import { type AnalyzedUpdate, analyzeUpdate, scheduledOptions, type UpdateSlot } from "../../language/update.js";
import { traitsOf } from "../../ops/index.js";
import type { ResolvedOptimizer } from "../resolve-optimizer.js";

/** Tensors that belong to a parameter and are carried from update to update. */
export type Slots = Readonly<Record<string, Value>>;

export interface UpdateOperands {
  readonly parameter: Value;
  readonly gradient: Value;
  readonly slots: Slots;
  /** The learning rate of this update, a scalar. */
  readonly rate: Value;
  /** The optimizer's `momentum` or `beta1` at this update, a scalar; 0 where it has neither. */
  readonly momentum: Operand;
  /** The number of the update, a float32 scalar counted from 1: t in the papers. */
  readonly t: Value;
}

export interface Update {
  readonly parameter: Value;
  readonly slots: Slots;
}

/** The equations of an optimizer for the parameters of some rank or shape, with options. */
export interface EquationUpdate {
  readonly slots: readonly UpdateSlot[];
  /** True where the update of an entry depends on other entries of its parameter, or on its shape. */
  readonly isLayerwise: boolean;
  /** True where the equations depend on the number of axes. */
  readonly dependsOnRank: boolean;
  build(b: Builder, operands: UpdateOperands): Update;
}

/**
 * @param definition sound for parameters of this shape.
 * @param own the definition in the spec; absent for a built-in one.
 */
export function equationUpdate(
  definition: NormalOptimizerDefinition,
  options: Readonly<Record<string, CellOption | object>>,
  shape: Shape,
  own?: Definition,
): EquationUpdate {
  const rank = shape.length;
  const analyze = (ofShape: Shape, scheduled: readonly string[] = []) =>
    analyzeUpdate(definition, { options, shape: ofShape, rank, scheduled }, "", failInvalid);
  const analyzed = analyze(shape);
  const build = (b: Builder, operands: UpdateOperands): Update => {
    const { parameter, gradient, rate, momentum, t } = operands;
    const scheduled = typeof momentum === "object" ? scheduledOptions(definition) : [];
    const scalars = Object.fromEntries(scheduled.map((name) => [name, momentum as Value]));
    const names = { p: parameter, g: gradient, ...operands.slots, rate, t, ...scalars };
    // A group of flattened parameters has a shape of its own.
    const isOwnShape = sameShape(parameter.type.shape, shape) && scheduled.length === 0;
    const update = isOwnShape ? analyzed : analyze(parameter.type.shape, scheduled);
    const values = buildEquations(b, { ...soundEquations(update), ...(own && { own }) }, names);
    const next = (state: string) => expectDefined(values.get(`${state}'`), `${state}'`) as Value;
    return {
      parameter: next("p"),
      slots: Object.fromEntries(update.slots.map(({ name: slot }) => [slot, next(slot)])),
    };
  };
  const read = new Set(expectDefined(analyzed.equations, "the equations of an optimizer").flatMap(namesIn));
  const hasOwnShapes = analyzed.slots.some((slot) => !sameShape(slot.shape, shape));
  const readsSizes = ["size", "rows", "columns"].some((name) => read.has(name));
  return {
    slots: analyzed.slots,
    isLayerwise: hasOwnShapes || readsSizes || !isElementwise(build, analyzed, shape),
    dependsOnRank: Object.hasOwn(definition.variants, "rank") || read.has("rank"),
    build,
  };
}

function soundEquations({ definition, equations, shapes }: AnalyzedUpdate) {
  return {
    definition,
    equations: expectDefined(equations, "the equations of an optimizer"),
    shapes: expectDefined(shapes, "the shapes of an optimizer's equations"),
    batchAxes: 0,
  };
}

/** True where each entry of the next values depends on the entry of the operands at its place, and on scalars. */
function isElementwise(build: EquationUpdate["build"], { slots }: AnalyzedUpdate, shape: Shape): boolean {
  // A scalar parameter is flattened with others: its equations must be elementwise for a vector.
  const axes = shape.length === 0 ? [2] : shape;
  const b = graphBuilder("update");
  const open = (name: string, ofShape: Shape) => b.input(name, { dtype: "float32", shape: ofShape });
  build(b, {
    parameter: open("p", axes),
    gradient: open("g", axes),
    slots: Object.fromEntries(slots.map(({ name }) => [name, open(name, axes)])),
    rate: open("rate", []),
    momentum: 0,
    t: open("t", []),
  });
  return b.nodes.every((node) => {
    const { inputs, outputs } = node;
    if ([...inputs, ...outputs].every(({ type }) => type.shape.length === 0)) return true;
    return traitsOf(node).family === "elementwise" && outputs.every(({ type }) => sameShape(type.shape, axes));
  });
}

function failInvalid({ message }: { readonly message: string }): never {
  throw new Error(`an optimizer without a problem has one: ${message}`);
}

/** The options of an optimizer by name: for one of the user's own those of its use. */
export function optionsOf(optimizer: ResolvedOptimizer): Readonly<Record<string, CellOption | object>> {
  return optimizer.type === "custom"
    ? optimizer.options
    : (optimizer as object as Readonly<Record<string, CellOption>>);
}
