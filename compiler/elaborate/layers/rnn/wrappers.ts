/**
 * What may stand around any cell: dropout of its input, state and output, zoneout of its state, normalization of its output.
 *
 * Masks are made for all steps at once, outside the loop, and scanned into it: a step only multiplies or chooses.
 */
import type { CellDropout, NormalCell, StateRates } from "../../../../schema/normal.js";
import { child } from "../../../../schema/pointer.js";
import { quote, suggestion } from "../../../../schema/wording.js";
import type { Builder } from "../../../ir/builder.js";
import { at, present } from "../../../ir/present.js";
import type { Dim, Value } from "../../../ir/types.js";
import { ownValue } from "../../../language/cell.js";
import { layerNorm } from "../../../language/layer-norm.js";
import type { CellStates, Context } from "../../context.js";
import { constantOne, constantZero } from "../../initializers.js";
import { dropoutMask, keepMask } from "../../random.js";
import { lastLive } from "../../wire.js";

/** One direction of a cell, by what its names begin with. */
export interface WrappedCell {
  readonly use: Pick<NormalCell, "cell" | "dropout" | "zoneout" | "layer_norm">;
  readonly parametersAt: string;
  readonly statesAt: string;
}

/** What a cell reads: its input [time, batch, features], some of it dropped. */
export function wrapInput({ use, statesAt }: WrappedCell, x: Value, context: Context): Value {
  const { input, variational } = use.dropout;
  if (!drops(input, context)) return x;
  return context.b.mul(x, stepMask(`${statesAt}/dropout/input`, x, input, variational, context));
}

/** What becomes of the states around a step. */
export interface StateWrapper {
  /** One slice of each for every step, [time, batch, size]. */
  readonly scans: readonly Value[];
  /** The states as the step reads them. */
  read(inner: Builder, slices: readonly Value[], states: CellStates): CellStates;
  /** The states as the step leaves them. */
  leave(inner: Builder, slices: readonly Value[], before: CellStates, after: CellStates): CellStates;
}

interface Step {
  readonly inner: Builder;
  readonly slices: readonly Value[];
}
type Change = (step: Step, state: Value, next: Value) => Value;

/**
 * @param initial the states before the first step, [batch, size].
 * @returns undefined when the cell has no state of a name that was given, which is reported.
 */
export function wrapStates(
  wrapped: WrappedCell,
  initial: CellStates,
  time: Dim,
  context: Context,
): StateWrapper | undefined {
  const { use, statesAt } = wrapped;
  const { dropout, zoneout } = use;
  const names = Object.keys(initial);
  const known = [
    knownStates(dropout.state, context.pathOf(dropout, "state"), wrapped, names, context),
    knownStates(zoneout, context.pathOf(use, "zoneout"), wrapped, names, context),
  ];
  if (!known.every(Boolean)) return undefined;

  const scans: Value[] = [];
  const scanned = (mask: Value) => {
    const place = scans.push(mask) - 1;
    return ({ slices }: Step) => at(slices, place);
  };
  const reads = new Map<string, Change>();
  const leaves = new Map<string, Change>();
  for (const [index, [name, { type }]] of Object.entries(initial).entries()) {
    const everyStep = [time, ...type.shape];
    const dropRate = rateOf(dropout.state, name, index === 0 ? undefined : 0);
    if (drops(dropRate, context)) {
      const shape = dropout.variational ? type.shape : everyStep;
      const mask = dropoutMask(context, `${statesAt}/dropout/state/${name}`, shape, dropRate);
      const slice = dropout.variational ? () => mask : scanned(mask);
      reads.set(name, (step, state) => step.inner.mul(state, slice(step)));
    }
    const stay = rateOf(zoneout, name);
    if (drops(stay, context)) {
      const slice = scanned(keepMask(context, `${statesAt}/zoneout/${name}`, everyStep, stay));
      leaves.set(name, (step, state, next) => step.inner.where(slice(step), state, next));
    } else if (stay > 0) {
      leaves.set(name, ({ inner: { add, mul, sub } }, state, next) => add(next, mul(stay, sub(state, next))));
    }
  }
  const changed = (changes: ReadonlyMap<string, Change>, before: CellStates, after: CellStates, step: Step) =>
    Object.fromEntries(
      Object.entries(after).map(([name, next]) => {
        const state = present(before[name], `the state ${name}`);
        return [name, changes.get(name)?.(step, state, next) ?? next];
      }),
    );
  return {
    scans,
    read: (inner, slices, states) => changed(reads, states, states, { inner, slices }),
    leave: (inner, slices, before, after) => changed(leaves, before, after, { inner, slices }),
  };
}

/** Outputs [time, batch, width], zero past each length, and the last of them [batch, width]. */
export interface CellOutputs {
  readonly outputs: Value;
  readonly last: Value;
}

/** Normalized first, then some of it dropped. */
export function wrapOutput(
  wrapped: WrappedCell,
  given: CellOutputs,
  { live, reverse }: { readonly live: Value | null; readonly reverse: boolean },
  context: Context,
): CellOutputs {
  const { use, statesAt } = wrapped;
  const { output, variational } = use.dropout;
  const { b } = context;
  const whole = use.layer_norm ? normalized(wrapped, given, live, context) : given;
  if (!drops(output, context)) return whole;
  const mask = stepMask(`${statesAt}/dropout/output`, whole.outputs, output, variational, context);
  const outputs = b.mul(whole.outputs, mask);
  return { outputs, last: lastLive(b, outputs, live, reverse) };
}

function normalized(
  { parametersAt }: WrappedCell,
  { outputs, last }: CellOutputs,
  live: Value | null,
  { b, parameter }: Context,
): CellOutputs {
  const shape = outputs.type.shape.slice(-1);
  const gain = parameter(`${parametersAt}/layer_norm/gain`, shape, constantOne);
  const shift = parameter(`${parametersAt}/layer_norm/shift`, shape, constantZero);
  const of = (x: Value) => b.add(b.mul(layerNorm(b, x), gain), shift);
  return { outputs: live === null ? of(outputs) : b.where(live, of(outputs), 0), last: of(last) };
}

function drops(rate: number, { mode }: Context): boolean {
  return mode === "training" && rate > 0;
}

/** A dropout mask for a sequence: other entries at each step, or one for all of them. */
function stepMask(site: string, sequence: Value, rate: number, variational: boolean, context: Context): Value {
  const { shape } = sequence.type;
  return dropoutMask(context, site, variational ? shape.slice(1) : shape, rate);
}

/** The rate of one state; a single number is `single` for it, or itself. */
function rateOf(rates: StateRates, state: string, single?: number): number {
  if (typeof rates === "number") return single ?? rates;
  return ownValue(rates, state) ?? 0;
}

function knownStates(
  rates: CellDropout["state"],
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
