/** K training steps in one graph: a Scan that carries parameters, states, slots and step, and scans over K batches. */
import { graphBuilder } from "../graph/builder.js";
import { inline } from "../graph/rewrite.js";
import { scan } from "../graph/scan.js";
import type { Builder } from "../ir/builder.js";
import { at } from "../ir/expect.js";
import type { Graph, Value } from "../ir/types.js";
import { flatten, unflatten } from "./flatten.js";
import type { StepGraph } from "./step-graph.js";

/** The graph of K training steps. */
export function trainingGraph({
  graph,
  fixed,
  flatGroups,
  reported,
}: Pick<StepGraph, "graph" | "fixed" | "flatGroups" | "reported">): Graph {
  return repeatSteps(graph, graph.outputs.length - reported.length, fixed.length, flatGroups);
}

/**
 * A graph repeated over a leading axis of length `steps`.
 *
 * @param step one step: its first `stateCount` inputs and outputs are carried, the next `fixedCount` inputs are the
 * same for all steps, the other inputs are one batch, the other outputs are reported per step.
 * @param flatGroups indices of carried inputs that the loop carries as one vector.
 * @returns the same ports, with a leading `steps` axis on the batch and on the reports.
 */
export function repeatSteps(
  step: Graph,
  stateCount: number,
  fixedCount = 0,
  flatGroups: readonly (readonly number[])[] = [],
): Graph {
  const unbatchedCount = stateCount + fixedCount;
  const b = graphBuilder(`${step.name}/train`);
  const ports = step.inputs.map(({ name, type }, index): Value => {
    const shape = index < unbatchedCount ? type.shape : ["steps", ...type.shape];
    return b.input(name, { dtype: type.dtype, shape });
  });
  const packing = carryPacking(step.inputs.slice(0, stateCount), flatGroups);
  const operands = { initial: packing.toCarry(b, ports.slice(0, stateCount)), scans: ports.slice(unbatchedCount) };
  const { final, scanOutputs: stacked } = scan(b, step.name, operands, (inner, carry, slices) => {
    const outputs = inline(inner, step, [
      ...packing.fromCarry(inner, carry),
      ...ports.slice(stateCount, unbatchedCount),
      ...slices,
    ]);
    return { next: packing.toCarry(inner, outputs.slice(0, stateCount)), scanOutputs: outputs.slice(stateCount) };
  });
  return b.finish([...packing.fromCarry(b, final), ...stacked]);
}

/**
 * The map from carried values to those of the loop, each flat group as one vector after the others, and its inverse.
 */
function carryPacking(like: readonly Value[], flatGroups: readonly (readonly number[])[]) {
  const isFlattened = new Set(flatGroups.flat());
  const separate = like.flatMap((_, index) => (isFlattened.has(index) ? [] : [index]));
  const select = (values: readonly Value[], indices: readonly number[]) => indices.map((index) => at(values, index));
  return {
    toCarry: (b: Builder, values: readonly Value[]): readonly Value[] => [
      ...select(values, separate),
      ...flatGroups.map((indices) => flatten(b, select(values, indices))),
    ],
    fromCarry(b: Builder, carry: readonly Value[]): readonly Value[] {
      const indices = [separate, ...flatGroups].flat();
      const unflattened = flatGroups.flatMap((group, index) =>
        unflatten(b, at(carry, separate.length + index), select(like, group)),
      );
      const values = [...carry.slice(0, separate.length), ...unflattened];
      return like.map((_, index) => at(values, indices.indexOf(index)));
    },
  };
}
