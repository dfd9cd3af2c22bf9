/** The first value of a training step that is not finite, found by the reference evaluator. */
import type { Program } from "../../elaborate/program.js";
import { evaluate } from "../../graph/evaluate.js";
import { at } from "../../ir/expect.js";
import type { Tensor } from "../../ir/types.js";
import { type NonFiniteValue, probedValues } from "../finiteness.js";

/** @returns undefined where all values and gradients are finite. */
export function findNonFinite(program: Program, operands: readonly Tensor[]): NonFiniteValue | undefined {
  const { differentiated, groups } = probedValues(program);
  const entries = groups.flatMap(({ values, direction }) => values.map((value) => ({ ...value, direction })));
  const outputs = entries.map(({ value }) => value);
  const results = evaluate({ ...differentiated, outputs }, operands);
  let position = 0;
  for (const { values, direction } of groups) {
    const tensors = values.map((_, index) => at(results, position + index));
    position += values.length;
    const found = values.flatMap(({ probed }, index) => {
      const { data, shape } = at(tensors, index);
      const entry = direction === "backward" ? data.findLastIndex(isNotFinite) : data.findIndex(isNotFinite);
      if (entry < 0) return [];
      const [steps = 1] = shape;
      return [{ probed, step: direction === null ? 0 : Math.floor(entry / (data.length / steps)) }];
    });
    if (found.length === 0) continue;
    const isEarlier = (step: number, other: number) => (direction === "backward" ? step > other : step < other);
    const first = found.reduce((earliest, each) => (isEarlier(each.step, earliest.step) ? each : earliest));
    return { probed: first.probed, timeStep: direction === null ? null : first.step + 1 };
  }
  return undefined;
}

const isNotFinite = (value: number) => !Number.isFinite(value);
