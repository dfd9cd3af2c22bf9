/** The first value of a training step that is not finite, found by the reference evaluator. */
import type { Program } from "../../elaborate/program.js";
import { evaluate } from "../../graph/evaluate.js";
import { at } from "../../ir/expect.js";
import type { Tensor } from "../../ir/types.js";
import { firstNonFinite, type NonFiniteValue, type ProbeGroup, probedValues } from "../probed-values.js";

/** @returns undefined where all values and gradients are finite in float32. */
export function findNonFinite(program: Program, operands: readonly Tensor[]): NonFiniteValue | undefined {
  const { differentiated, groups } = probedValues(program);
  const outputs = groups.flatMap(({ values }) => values.map(({ value }) => value));
  const results = evaluate({ ...differentiated, outputs }, operands);
  const starts = groups.map((_, index) => groups.slice(0, index).reduce((sum, { values }) => sum + values.length, 0));
  const probed = groups.map((group) => ({ values: group.values.map((value) => value.probed) }));
  return firstNonFinite(probed, (index) => {
    const start = at(starts, index);
    return firstOfGroup(at(groups, index), results.slice(start, start + at(groups, index).values.length));
  });
}

/** @param tensors the values of the group. */
function firstOfGroup({ values, direction }: ProbeGroup, tensors: readonly Tensor[]): NonFiniteValue | undefined {
  const found = values.flatMap(({ probed }, index) => {
    const { data, shape } = at(tensors, index);
    const entry = direction === "backward" ? data.findLastIndex(isNotFinite) : data.findIndex(isNotFinite);
    if (entry < 0) return [];
    const [steps = 1] = shape;
    return [{ probed, step: direction === null ? 0 : Math.floor(entry / (data.length / steps)) }];
  });
  if (found.length === 0) return undefined;
  const isEarlier = (step: number, other: number) => (direction === "backward" ? step > other : step < other);
  const first = found.reduce((earliest, each) => (isEarlier(each.step, earliest.step) ? each : earliest));
  return { probed: first.probed, timeStep: direction === null ? null : first.step + 1 };
}

/** True for values that are not finite, and for those that float32 rounds to infinity: the check computes in float64. */
export const isNotFinite = (value: number) => !Number.isFinite(Math.fround(value));
