/** K training steps in one graph: a Scan whose states are all that an update changes and whose slices are the batches. */
import { graphBuilder } from "../graph/build.js";
import { inline } from "../graph/rewrite.js";
import { scan } from "../graph/scan.js";
import type { Graph, Value } from "../ir/types.js";
import type { StepGraph } from "./update.js";

/** A step's outputs that are not carried: loss, gradient norm and learning rate. */
const REPORTED = 3;

/** The training graph of a step. */
export function trainingGraph({ graph, fixed }: Pick<StepGraph, "graph" | "fixed">): Graph {
  return repeatSteps(graph, graph.outputs.length - REPORTED, fixed.length);
}

/**
 * @param step one step; its first `states` inputs and outputs are carried, the next `fixed` inputs are the same for all steps,
 * the other inputs are one batch, the other outputs are reported per step.
 * @returns the same ports with a leading `steps` axis on the batch and on what is reported.
 */
export function repeatSteps(step: Graph, states: number, fixed = 0): Graph {
  const kept = states + fixed;
  const b = graphBuilder(`${step.name}/train`);
  const ports = step.inputs.map(({ name, type }, index): Value => {
    const shape = index < kept ? type.shape : ["steps", ...type.shape];
    return b.input(name ?? "", { dtype: type.dtype, shape });
  });
  const operands = { initial: ports.slice(0, states), scans: ports.slice(kept) };
  const { final, stacked } = scan(b, step.name, operands, (inner, carried, slices) => {
    const outputs = inline(inner, step, [...carried, ...ports.slice(states, kept), ...slices]);
    return { next: outputs.slice(0, states), stacked: outputs.slice(states) };
  });
  return b.finish([...final, ...stacked]);
}
