/**
 * Wrappers of any cell: dropout of its input, state and output (variational: one mask for all steps; Y. Gal and
 * Z. Ghahramani, 2016), zoneout of its state (D. Krueger et al., 2017), layer normalization of its output.
 *
 * Masks of all steps are computed at once, outside the loop, and scanned: a step only multiplies or selects.
 */
import { quote, suggestion } from "../../../../schema/diagnostics/suggest.js";
import { child } from "../../../../schema/json-pointer.js";
import type { NormalCell, NormalCellDropout, StateRates } from "../../../../schema/normal/index.js";
import type { Builder } from "../../../ir/builder.js";
import { at, expectDefined } from "../../../ir/expect.js";
import type { Dim, Value } from "../../../ir/types.js";
import { layerNorm } from "../../../language/functions/axes.js";
import { ownValue } from "../../../language/resolve.js";
import type { CellStates, Context } from "../../context.js";
import { constantOne, constantZero } from "../../initializers.js";
import { bernoulliMask, dropoutMask } from "../../random.js";
import { lastValid } from "../../wire.js";

/** The options of a cell, and the prefixes of its public names: parameters may be another cell's, states never are. */
export interface WrappedCell {
  readonly use: Pick<NormalCell, "cell" | "dropout" | "zoneout" | "layer_norm">;
  readonly parameterPrefix: string;
  readonly statePrefix: string;
}

/** The input of a cell, [time, batch, features], after dropout. */
export function wrapInput({ use, statePrefix }: WrappedCell, x: Value, context: Context): Value {
  const { input, variational } = use.dropout;
  if (!isActive(input, context)) return x;
  return context.b.mul(x, sequenceMask(`${statePrefix}/dropout/input`, x, input, variational, context));
}

/** The changes of the states before and after a step. */
export interface StateWrapper {
  /** Scanned masks, [time, batch, …]. */
  readonly scans: readonly Value[];
  /** The states that the step reads. */
  beforeStep(inner: Builder, slices: readonly Value[], states: CellStates): CellStates;
  /** The states that the step returns. */
  afterStep(inner: Builder, slices: readonly Value[], before: CellStates, after: CellStates): CellStates;
}

interface StepContext {
  readonly inner: Builder;
  readonly slices: readonly Value[];
}
type StateChange = (step: StepContext, state: Value, next: Value) => Value;

/**
 * @param initial the states before the first step, [batch, …].
 * @returns undefined after a reported problem: an option names a state that the cell does not have.
 */
export function wrapStates(
  wrapped: WrappedCell,
  initial: CellStates,
  time: Dim,
  context: Context,
): StateWrapper | undefined {
  const { use, statePrefix } = wrapped;
  const { dropout, zoneout } = use;
  const names = Object.keys(initial);
  const areNamesKnown = [
    checkStateNames(dropout.state, context.pathOf(dropout, "state"), wrapped, names, context),
    checkStateNames(zoneout, context.pathOf(use, "zoneout"), wrapped, names, context),
  ];
  if (!areNamesKnown.every(Boolean)) return undefined;

  const scans: Value[] = [];
  const scanMask = (mask: Value) => {
    const scanIndex = scans.push(mask) - 1;
    return ({ slices }: StepContext) => at(slices, scanIndex);
  };
  const readChanges = new Map<string, StateChange>();
  const writeChanges = new Map<string, StateChange>();
  for (const [index, [name, { type }]] of Object.entries(initial).entries()) {
    const perStepShape = [time, ...type.shape];
    const dropRate = rateOf(dropout.state, name, index === 0 ? undefined : 0);
    if (isActive(dropRate, context)) {
      const shape = dropout.variational ? type.shape : perStepShape;
      const mask = dropoutMask(context, `${statePrefix}/dropout/state/${name}`, shape, dropRate);
      const slice = dropout.variational ? () => mask : scanMask(mask);
      readChanges.set(name, (step, state) => step.inner.mul(state, slice(step)));
    }
    const zoneoutRate = rateOf(zoneout, name);
    if (isActive(zoneoutRate, context)) {
      const slice = scanMask(bernoulliMask(context, `${statePrefix}/zoneout/${name}`, perStepShape, zoneoutRate));
      writeChanges.set(name, (step, state, next) => step.inner.where(slice(step), state, next));
    } else if (zoneoutRate > 0) {
      writeChanges.set(name, ({ inner: { add, mul, sub } }, state, next) =>
        add(next, mul(zoneoutRate, sub(state, next))),
      );
    }
  }
  const applyChanges = (
    changes: ReadonlyMap<string, StateChange>,
    before: CellStates,
    after: CellStates,
    step: StepContext,
  ) =>
    Object.fromEntries(
      Object.entries(after).map(([name, next]) => {
        const state = expectDefined(before[name], `the state ${name}`);
        return [name, changes.get(name)?.(step, state, next) ?? next];
      }),
    );
  return {
    scans,
    beforeStep: (inner, slices, states) => applyChanges(readChanges, states, states, { inner, slices }),
    afterStep: (inner, slices, before, after) => applyChanges(writeChanges, before, after, { inner, slices }),
  };
}

/** Outputs [time, batch, width], zero past each length, and the last valid output [batch, width]. */
export interface CellOutputs {
  readonly outputs: Value;
  readonly last: Value;
}

/** The outputs after layer normalization, then dropout. */
export function wrapOutput(
  wrapped: WrappedCell,
  cellOutputs: CellOutputs,
  { validSteps, reverse }: { readonly validSteps: Value | null; readonly reverse: boolean },
  context: Context,
): CellOutputs {
  const { use, statePrefix } = wrapped;
  const { output, variational } = use.dropout;
  const { b } = context;
  const normalizedOutputs = use.layer_norm ? normalizeOutput(wrapped, cellOutputs, validSteps, context) : cellOutputs;
  if (!isActive(output, context)) return normalizedOutputs;
  const dropMask = sequenceMask(
    `${statePrefix}/dropout/output`,
    normalizedOutputs.outputs,
    output,
    variational,
    context,
  );
  const outputs = b.mul(normalizedOutputs.outputs, dropMask);
  return { outputs, last: lastValid(b, outputs, validSteps, reverse) };
}

function normalizeOutput(
  { parameterPrefix }: WrappedCell,
  { outputs, last }: CellOutputs,
  mask: Value | null,
  { b, parameter }: Context,
): CellOutputs {
  const shape = outputs.type.shape.slice(-1);
  const gain = parameter(`${parameterPrefix}/layer_norm/gain`, shape, constantOne);
  const shift = parameter(`${parameterPrefix}/layer_norm/shift`, shape, constantZero);
  const normalize = (x: Value) => b.add(b.mul(layerNorm(b, x), gain), shift);
  return { outputs: mask === null ? normalize(outputs) : b.where(mask, normalize(outputs), 0), last: normalize(last) };
}

function isActive(rate: number, { mode }: Context): boolean {
  return mode === "training" && rate > 0;
}

/** The dropout mask of a sequence: one per step, or with variational dropout one for all steps. */
function sequenceMask(site: string, sequence: Value, rate: number, variational: boolean, context: Context): Value {
  const { shape } = sequence.type;
  return dropoutMask(context, site, variational ? shape.slice(1) : shape, rate);
}

/** The rate of one state. A number is the rate of every state, unless `scalarRate` overrides it for this one. */
function rateOf(rates: StateRates, state: string, scalarRate?: number): number {
  if (typeof rates === "number") return scalarRate ?? rates;
  return ownValue(rates, state) ?? 0;
}

function checkStateNames(
  rates: NormalCellDropout["state"],
  path: string,
  { use }: WrappedCell,
  names: readonly string[],
  { report }: Context,
): boolean {
  const unknown = typeof rates === "number" ? [] : Object.keys(rates).filter((name) => !names.includes(name));
  for (const name of unknown) {
    report({
      code: "unknown-state",
      path: child(path, name),
      message: `The cell ${quote(use.cell)} has no state ${quote(name)}.`,
      hint: suggestion(name, names, "States"),
      atKey: true,
    });
  }
  return unknown.length === 0;
}
