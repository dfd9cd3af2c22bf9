/** The program of an elaboration that has ended: its graph with its ports, and its objective. */
import type { Objective, Output } from "./objective.js";
import type { Program } from "./program.js";
import type { ElaborationState } from "./state.js";

/** @returns a program without outputs of layers. */
export function finishProgram(
  state: ElaborationState,
  { finalizers, batching }: Objective,
  outputs: readonly Output[],
): Program {
  const graph = state.context.b.finish(outputs.map(({ value }) => value));
  const inputs = state.ports();
  return {
    graph: { ...graph, inputs: inputs.map(({ value }) => value) },
    inputs: inputs.map(({ name, role, initializer }) => ({ name, role, initializer })),
    outputs: outputs.map(({ port }) => port),
    layers: [],
    attention: [],
    metrics: finalizers,
    batching,
    notices: state.notices(),
  };
}
