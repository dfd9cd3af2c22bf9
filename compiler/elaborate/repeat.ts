/** K training steps in one graph: a Scan whose states are all that an update changes and whose slices are the batches. */
import { graphBuilder } from "../graph/build.js";
import { inline } from "../graph/rewrite.js";
import { scan } from "../graph/scan.js";
import type { Graph, Value } from "../ir/types.js";

/**
 * @param step one step; its first `states` inputs and outputs are carried, the other inputs are one batch, the other
 * outputs are reported per step.
 * @returns the same ports with a leading `steps` axis on the batch and on what is reported.
 */
export function repeatSteps(step: Graph, states: number): Graph {
  const b = graphBuilder(`${step.name}/train`);
  const ports = step.inputs.map(({ name, type }, index): Value => {
    const shape = index < states ? type.shape : ["steps", ...type.shape];
    return b.input(name ?? "", { dtype: type.dtype, shape });
  });
  const operands = { initial: ports.slice(0, states), scans: ports.slice(states) };
  const { final, stacked } = scan(b, step.name, operands, (inner, carried, slices) => {
    const outputs = inline(inner, step, [...carried, ...slices]);
    return { next: outputs.slice(0, states), stacked: outputs.slice(states) };
  });
  return b.finish([...final, ...stacked]);
}
