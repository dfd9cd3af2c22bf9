/** The groups of states of a loop that have elementwise recurrences. */
import { producersOf } from "../../graph/def-use.js";
import { scanOperands } from "../../graph/rewrite.js";
import { at } from "../../ir/expect.js";
import type { Loop } from "../loops/rewrite-loop.js";
import { type Semiring, semiringOf } from "./elementwise.js";
import { canTakeApart, type StateGroups, stateGroups } from "./take-apart.js";

/** The states of a loop, of which some groups have elementwise recurrences, by their first state. */
export interface ElementwiseFission extends StateGroups {
  readonly semirings: ReadonlyMap<number, Semiring>;
}

/** The loop's elementwise recurrences; undefined where it has none, or a node that has no batching rule. */
export function elementwiseFissionOf(loop: Loop): ElementwiseFission | undefined {
  if (loop.attributes.stateCount === 0 || loop.attributes.solved) return undefined;
  const groups = stateGroups(loop);
  const semirings = new Map<number, Semiring>();
  for (const group of groups.components) {
    const semiring = semiringOf(loop, groups, group);
    if (semiring !== undefined) semirings.set(at(group, 0), semiring);
  }
  // A loop that remains adds terms up in place.
  const isWhole = semirings.size === groups.components.length;
  if (!isWhole) for (const index of accumulatorsOf(loop)) semirings.delete(index);
  return semirings.size > 0 && canTakeApart(loop) ? { ...groups, semirings } : undefined;
}

/** The states whose next value is the state plus a term. */
function accumulatorsOf(loop: Loop): readonly number[] {
  const { body } = loop.attributes;
  const producers = producersOf(body);
  return scanOperands(loop).inner.states.flatMap((state, index) => {
    const addition = producers.get(at(body.outputs, index));
    return addition?.op === "Add" && addition.inputs.includes(state) ? [index] : [];
  });
}
