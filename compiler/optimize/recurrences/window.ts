/**
 * Windows of the last steps: a state that drops its oldest entries and appends those of this step, as a causal
 * convolution or a token shift keeps. All windows are slices of one sequence.
 */
import { producersOf } from "../../graph/def-use.js";
import { scanOperands } from "../../graph/rewrite.js";
import { at } from "../../ir/expect.js";
import type { Value } from "../../ir/types.js";
import { overTime } from "../loops/outer-values.js";
import type { Loop } from "../loops/rewrite-loop.js";
import { shiftByOne } from "./prefix-scan.js";
import type { Site, Solution, StateGroups } from "./take-apart.js";

export interface Window {
  readonly stateIndex: number;
  readonly axis: number;
  /** The entries of one step. */
  readonly step: Value;
  /** Steps in the window. */
  readonly steps: number;
}

/** The window that a state is; undefined for any other state. */
export function windowOf(loop: Loop, { dependencies }: StateGroups, group: readonly number[]): Window | undefined {
  const { body } = loop.attributes;
  const [stateIndex = 0] = group;
  if (group.length > 1) return undefined;
  const state = at(scanOperands(loop).inner.states, stateIndex);
  const next = at(body.outputs, stateIndex);
  const isOwn = (value: Value) => dependencies.get(value)?.has(stateIndex) === true;
  if (!isOwn(next)) return { stateIndex, axis: 0, step: next, steps: 1 };
  const producers = producersOf(body);
  const concat = producers.get(next);
  const [kept, step] = concat?.op === "Concat" ? concat.inputs : [];
  const slice = kept && producers.get(kept);
  if (concat?.op !== "Concat" || concat.inputs.length !== 2 || slice?.op !== "Slice" || step === undefined)
    return undefined;
  const { axis } = concat.attributes;
  const [size, count] = [at(state.type.shape, axis), at(step.type.shape, axis)];
  const isShift =
    slice.inputs[0] === state &&
    slice.attributes.axis === axis &&
    slice.attributes.start === count &&
    slice.attributes.end === size;
  if (!isShift || isOwn(step) || typeof size !== "number" || typeof count !== "number" || size % count !== 0)
    return undefined;
  return { stateIndex, axis, step, steps: size / count };
}

/** The windows of all time steps. */
export function solveWindow({ stateIndex, axis, step, steps }: Window, site: Site): Solution {
  const { b, timeSteps, reverse } = site;
  const initial = site.initial(stateIndex);
  const added = overTime(b, site.outerValueOf(step), timeSteps);
  let after = added;
  if (steps > 1) {
    const count = Number(at(step.type.shape, axis));
    const blocks = b.split(initial, new Array<number>(steps).fill(count), axis).map((block) => b.unsqueeze(block, [0]));
    const older = blocks.slice(1);
    const sequence = b.concat(reverse ? [added, ...older.reverse()] : [...older, added], 0);
    const slices = blocks.map((_, index) => {
      const start = reverse ? steps - 1 - index : index;
      return b.slice(sequence, 0, start, start + timeSteps);
    });
    after = b.concat(slices, axis + 1);
  }
  const last = reverse ? 0 : timeSteps - 1;
  return {
    final: [b.squeeze(b.slice(after, 0, last, last + 1), [0])],
    before: [shiftByOne(b, after, initial, reverse)],
    readOf: (value) => (value === site.nextOf(stateIndex) ? after : undefined),
  };
}
