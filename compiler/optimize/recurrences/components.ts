/** The states of a loop in groups that depend on one another, each after the groups that it depends on. */
import { scanOperands } from "../../graph/rewrite.js";
import { at } from "../../ir/expect.js";
import type { Value } from "../../ir/types.js";
import type { Loop } from "../loops/rewrite-loop.js";

/** The indices of the states that each value of a body depends on. */
export function stateDependencies(loop: Loop): ReadonlyMap<Value, ReadonlySet<number>> {
  const { inner } = scanOperands(loop);
  const dependencies = new Map<Value, ReadonlySet<number>>(
    inner.states.map((state, index) => [state, new Set([index])]),
  );
  for (const node of loop.attributes.body.nodes) {
    const union = new Set(node.inputs.flatMap((input) => [...(dependencies.get(input) ?? [])]));
    for (const output of node.outputs) dependencies.set(output, union);
  }
  return dependencies;
}

/** The strongly connected components of the states, in topological order. */
export function stateComponents(
  loop: Loop,
  dependencies: ReadonlyMap<Value, ReadonlySet<number>>,
): readonly (readonly number[])[] {
  const { body, stateCount } = loop.attributes;
  const indices = Array.from({ length: stateCount }, (_, index) => index);
  const reachable = indices.map((index) => new Set(dependencies.get(at(body.outputs, index))));
  for (const through of indices)
    for (const from of reachable) if (from.has(through)) for (const state of at(reachable, through)) from.add(state);
  const components: (readonly number[])[] = [];
  const placed = new Set<number>();
  while (placed.size < stateCount) {
    const ready = indices.find(
      (index) =>
        !placed.has(index) &&
        [...at(reachable, index)].every(
          (other) => placed.has(other) || other === index || at(reachable, other).has(index),
        ),
    );
    if (ready === undefined) throw new Error("the states have no topological order");
    const component = indices.filter(
      (index) => index === ready || (at(reachable, ready).has(index) && at(reachable, index).has(ready)),
    );
    for (const index of component) placed.add(index);
    components.push(component);
  }
  return components;
}
